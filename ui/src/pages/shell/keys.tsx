/** What keys do anywhere; help.tsx lists them. */
import { signal } from "@preact/signals";
import { later } from "../../lib/later";
import { go, link } from "../../lib/router";
import { toggleTheme } from "../../lib/view";
import { toggleLive } from "./header";

export const helpShown = signal(false);

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function listenToKeys(root: Document): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.composedPath()[0] ?? null)) return;
    if (root.querySelector("dialog[open]")) return;
    const actions: Readonly<Record<string, () => void>> = {
      "/": () => {
        const filter = root.querySelector<HTMLInputElement>("[data-filter]");
        filter?.focus();
        filter?.select();
      },
      "?": () => (helpShown.value = true),
      f: () => go(link("/")),
      k: () => go(link("/leaks")),
      v: () => go(link("/verify")),
      c: () => go(link("/class")),
      d: () => go(link("/dashboards")),
      e: () => go(link("/explore")),
      g: () => go(link("/logs")),
      l: toggleLive,
      t: toggleTheme,
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  root.addEventListener("keydown", onKey);
  return () => root.removeEventListener("keydown", onKey);
}

const Help = later(() => import("./help"));

export function Overlays() {
  return helpShown.value ? <Help onClose={() => (helpShown.value = false)} /> : null;
}
