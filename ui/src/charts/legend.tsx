/** Names beside their dash and colour, with the value under the cursor (or the last one). A click hides a line. */
import type { Signal } from "@preact/signals";
import { count, exact, writer, type Unit } from "../lib/format";
import { theme } from "../lib/view";
import { countAt, total, type Behind } from "./behind";
import { last, longestStep, nearest } from "./columns";
import { LIMIT_DASH, color, dash, limitColor } from "./palette";
import type { Line } from "./plot";

interface Props {
  readonly lines: readonly Line[];
  readonly hidden: ReadonlySet<string>;
  readonly unit: Unit;
  readonly times: readonly number[];
  readonly interval: number;
  readonly limit: number;
  readonly cursor: Signal<{ index: number } | null>;
  readonly onToggle: (key: string, alone: boolean) => void;
  readonly behind: Behind | null;
}

export function Legend({ lines, hidden, unit, times, interval, limit, cursor, onToggle, behind }: Props) {
  const write = writer(unit);
  const at = cursor.value?.index;
  const valueOf = (line: Line) => {
    if (at === undefined) return last(line.values);
    const near = nearest(times, line.values, at, longestStep(times, line.values, interval));
    return near === null ? null : (line.values[near] ?? null);
  };
  return (
    <ul class="legend">
      {lines.slice(0, limit).map((line) => (
        <li key={line.key}>
          <button type="button" aria-pressed={!hidden.has(line.key)} title={`${line.label}\nClick: show or hide. Alt+click: only this one.`}
            onClick={(event) => onToggle(line.key, event.altKey)}>
            <Swatch line={line} />
            <span class="name">{line.label}</span>
            <span class="value" title={exact(valueOf(line))}>{write(valueOf(line))}</span>
          </button>
        </li>
      ))}
      {behind && <li class="behind"><span class="swatch-behind" aria-hidden="true" />{behind.label} <span class="value">{count(at === undefined ? total(behind) : (countAt(behind, times[at] ?? 0) ?? 0))}</span></li>}
      {lines.length > limit && <li class="more">and {lines.length - limit} more</li>}
    </ul>
  );
}

export function Swatch({ line }: { readonly line: Pick<Line, "slot" | "dash" | "limit" | "tone"> }) {
  const stroke = line.limit ? limitColor(theme.value, line.tone) : color(theme.value, line.slot);
  const pattern = line.limit ? LIMIT_DASH[line.tone ?? "worst"] : dash(line.dash ?? line.slot);
  return (
    <svg class="swatch" width="18" height="8" aria-hidden="true">
      <line x1="0" y1="4" x2="18" y2="4" stroke={stroke} stroke-width="2.5" stroke-dasharray={pattern.join(" ")} />
    </svg>
  );
}
