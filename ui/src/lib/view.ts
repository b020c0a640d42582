/** What all pages share of a view: its time range, the clock it is resolved against, whether it moves, its colours. */
import { computed, signal } from "@preact/signals";
import { serverNow } from "../api/client";
import { patch, query } from "./router";
import { readRange, resolve, sameRange, writeRange, type Range, type Span } from "./range";

export const range = computed(() => readRange(query.value));

/** Advanced by live data and by a timer; a paused or absolute view keeps its instant. */
export const now = signal(serverNow());

/** Ticks every second for ages ("12 s ago") only, so that nothing is fetched because of it. */
export const second = signal(serverNow());

export const paused = signal(false);
export const moving = computed(() => range.value.kind === "relative" && !paused.value);
export const span = computed<Span>(() => resolve(range.value, now.value));

export function advance(): void {
  if (moving.peek()) now.value = serverNow();
}

const left: Range[] = [];

export function setRange(next: Range): void {
  patch(writeRange(next), "push");
}

/** Zooming remembers where it came from; a double click goes back there. */
export function zoomTo(from: number, to: number): void {
  left.push(range.peek());
  setRange({ kind: "absolute", from: Math.round(from), to: Math.round(to) });
}

export function zoomBack(): void {
  let previous = left.pop();
  while (previous && sameRange(previous, range.peek())) previous = left.pop();
  if (previous) setRange(previous);
}

export type Theme = "light" | "dark";
const THEME_KEY = "heapwatch.theme";
const system = typeof matchMedia === "undefined" ? null : matchMedia("(prefers-color-scheme: dark)");
const systemTheme = signal<Theme>(system?.matches ? "dark" : "light");
const chosenTheme = signal<Theme | null>(null);
export const theme = computed<Theme>(() => chosenTheme.value ?? systemTheme.value);

/** Choosing what the system says anyway goes back to following the system. */
export function toggleTheme(): void {
  const next = theme.peek() === "dark" ? "light" : "dark";
  chosenTheme.value = next === systemTheme.peek() ? null : next;
  if (chosenTheme.peek()) localStorage.setItem(THEME_KEY, next);
  else localStorage.removeItem(THEME_KEY);
}

export function startView(): void {
  const saved = localStorage.getItem(THEME_KEY);
  if (saved === "light" || saved === "dark") chosenTheme.value = saved;
  system?.addEventListener("change", (event) => (systemTheme.value = event.matches ? "dark" : "light"));
  theme.subscribe((value) => (document.documentElement.dataset["theme"] = value));
  setInterval(() => {
    if (!document.hidden) second.value = serverNow();
  }, 1000);
}
