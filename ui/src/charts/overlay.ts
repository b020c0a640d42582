/** What lies over a plot as elements: marked events with their text on hover, and the range being compared. */
import type uPlot from "uplot";
import { clock } from "../lib/format";

export interface Marker {
  readonly time: number;
  readonly kind: string;
  readonly text: string;
}

interface Placed {
  readonly markers: readonly Marker[];
  readonly selection: { readonly from: number; readonly to: number } | null;
}

const TOGETHER = 7; // px: events closer than this share a mark
const WORST_FIRST = ["oom", "crash", "heap_full", "critical", "error", "warning", "no_data", "would_fire", "leak_begins", "leak", "exit", "deploy", "restart", "start"];

export interface Mark {
  readonly left: number;
  readonly kind: string;
  readonly text: string;
}

/** `heap_full` -> `heap full` */
export const spoken = (kind: string): string => kind.replace(/_/g, " ");

/** Events that would overlap become one mark, named after the worst of them, with all their texts. */
export function grouped(markers: readonly Marker[], toLeft: (time: number) => number, width: number): Mark[] {
  const marks: { left: number; events: Marker[] }[] = [];
  for (const event of [...markers].sort((a, b) => a.time - b.time)) {
    const left = toLeft(event.time);
    if (left < -1 || left > width + 1) continue;
    const previous = marks[marks.length - 1];
    if (previous && left - previous.left < TOGETHER) previous.events.push(event);
    else marks.push({ left, events: [event] });
  }
  return marks.map(({ left, events }) => ({
    left,
    kind: WORST_FIRST.find((kind) => events.some((event) => event.kind === kind)) ?? events[0]?.kind ?? "event",
    text: events.map((event) => `${clock(event.time)} ${spoken(event.kind)}${event.text ? `: ${event.text}` : ""}`).join("\n"),
  }));
}

export function overlays() {
  const layer = document.createElement("div");
  const brush = document.createElement("div");
  layer.className = "marks";
  brush.className = "brushed";
  let shown = "";
  return {
    attach(over: HTMLElement): void {
      over.append(brush, layer);
    },
    place(plot: uPlot, { markers, selection }: Placed): void {
      const { width } = plot.over.getBoundingClientRect();
      const toLeft = (time: number) => plot.valToPos(time, "x");
      if (selection) {
        const left = Math.max(0, toLeft(selection.from));
        const right = Math.min(width, toLeft(selection.to));
        brush.hidden = right < 0 || left > width;
        brush.style.left = `${left}px`;
        brush.style.width = `${Math.max(1, right - left)}px`;
      } else {
        brush.hidden = true;
      }
      const marks = grouped(markers, toLeft, width);
      const next = JSON.stringify(marks);
      if (next === shown) return;
      shown = next;
      layer.replaceChildren(...marks.map(markElement));
    },
  };
}

function markElement(mark: Mark): HTMLElement {
  const element = document.createElement("span");
  element.className = "mark";
  element.dataset["kind"] = mark.kind;
  element.style.left = `${mark.left}px`;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", mark.text);
  const text = document.createElement("span");
  text.className = "mark-text";
  text.textContent = mark.text;
  element.append(text);
  return element;
}
