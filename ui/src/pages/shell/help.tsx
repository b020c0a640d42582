/** The list of keys; what they do is in keys.tsx, table.tsx and timechart.tsx. */
import { Dialog } from "../../lib/controls";

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "go to the filter"],
  ["?", "this list"],
  ["f", "all JVMs"],
  ["k", "leaks"],
  ["v", "verify a fix"],
  ["c", "find a class"],
  ["d", "dashboards"],
  ["e", "ask a query"],
  ["g", "search in logs"],
  ["l", "follow or pause"],
  ["t", "light or dark"],
  ["Esc", "close, empty the filter, end a comparison"],
];
const TABLE_KEYS: readonly (readonly [string, string])[] = [
  ["↑ ↓ PgUp PgDn Home End", "move the active row"],
  ["Enter", "open it"],
  ["← →", "fold or unfold a package"],
];
const QUERY_KEYS: readonly (readonly [string, string])[] = [
  ["Ctrl or ⌘ + Enter", "run"],
  ["Ctrl + Space", "what may come next"],
  ["Shift + Alt + F", "format"],
];
const CHART_KEYS: readonly (readonly [string, string])[] = [
  ["← → PgUp PgDn Home End", "move the cursor over samples"],
  ["Shift + ← →", "select a range to compare"],
  ["Backspace", "go back after zooming"],
  ["drag", "zoom; on the total of a JVM: compare, or zoom with the switch"],
  ["double click", "go back"],
  ["Esc", "back to its place, when it fills the window"],
  ["Alt + click on a name", "show only this line"],
];

export default function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div class="keys">
        {([["Anywhere", KEYS], ["In a table", TABLE_KEYS], ["On a chart", CHART_KEYS], ["In a query", QUERY_KEYS]] as const).map(([title, keys]) => (
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
