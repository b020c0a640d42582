/** What keys do anywhere, and the list of them. */
import { signal } from "@preact/signals";
import { Dialog } from "../../lib/controls";
import { go, link } from "../../lib/router";
import { toggleTheme } from "../../lib/view";
import { toggleLive } from "./header";

export const helpShown = signal(false);

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "go to the filter"],
  ["?", "this list"],
  ["f", "all JVMs"],
  ["c", "find a class"],
  ["l", "follow or pause"],
  ["t", "light or dark"],
  ["Esc", "close, empty the filter, end a comparison"],
];
const TABLE_KEYS: readonly (readonly [string, string])[] = [
  ["↑ ↓ PgUp PgDn Home End", "move the active row"],
  ["Enter", "open it"],
  ["← →", "fold or unfold a package"],
];
const CHART_KEYS: readonly (readonly [string, string])[] = [
  ["← → PgUp PgDn Home End", "move the cursor over samples"],
  ["Shift + ← →", "select a range to compare"],
  ["Backspace", "go back after zooming"],
  ["drag", "zoom; on the total of a JVM: compare, or zoom with the switch"],
  ["double click", "go back"],
  ["Alt + click on a name", "show only this line"],
];

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function listenToKeys(root: Document): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (root.querySelector("dialog[open]")) return;
    const actions: Readonly<Record<string, () => void>> = {
      "/": () => {
        const filter = root.querySelector<HTMLInputElement>("[data-filter]");
        filter?.focus();
        filter?.select();
      },
      "?": () => (helpShown.value = true),
      f: () => go(link("/")),
      c: () => go(link("/class")),
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

export function Overlays() {
  if (!helpShown.value) return null;
  return (
    <Dialog title="Keys" onClose={() => (helpShown.value = false)}>
      <div class="keys">
        {([["Anywhere", KEYS], ["In a table", TABLE_KEYS], ["On a chart", CHART_KEYS]] as const).map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>{keys.map(([key, meaning]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div>)}</dl>
          </section>
        ))}
      </div>
      <p class="hint">Bytes of classes are <em>shallow</em>: the objects themselves with header and padding, without what they refer to. Every view is its address; copy it to show somebody the same. The programming interface is described at <a href="/docs" target="_blank">/docs</a>.</p>
    </Dialog>
  );
}
