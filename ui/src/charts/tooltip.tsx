/** Beside the pointer: the time, and the values there, largest first. */
import type { Signal } from "@preact/signals";
import { count, utc, writer, type Unit } from "../lib/format";
import { span } from "../lib/view";
import { cursorTime } from "./axis";
import { countAt, type Behind } from "./behind";
import { longestStep, nearest } from "./columns";
import { Swatch } from "./legend";
import type { Line } from "./plot";

interface Props {
  readonly cursor: Signal<{ index: number; left: number; pointed: boolean } | null>;
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly unit: Unit;
  readonly interval: number;
  readonly stack: boolean;
  readonly behind: Behind | null;
  readonly elapsed: boolean;
}

const MOST = 12;
const AXIS = 66;

export function Tooltip({ cursor, times, lines, unit, interval, stack, behind, elapsed }: Props) {
  const at = cursor.value;
  const time = at ? times[at.index] : undefined;
  if (!at?.pointed || time === undefined) return null;
  const write = writer(unit);
  const rows = lines
    .map((line) => {
      const near = nearest(times, line.values, at.index, longestStep(times, line.values, interval));
      return { line, value: near === null ? null : (line.values[near] ?? null) };
    })
    .filter((row) => row.value !== null);
  if (!stack || rows.length > MOST) rows.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  else rows.reverse();
  const { from, to } = span.peek();
  const sum = rows.reduce((total, row) => total + (row.line.limit ? 0 : (row.value ?? 0)), 0);
  return (
    <div class="tooltip" data-side={at.left > 260 ? "left" : "right"} style={{ left: `${at.left + AXIS}px` }}>
      <div class="tooltip-time" title={elapsed ? undefined : utc(time)}>{cursorTime(time, from, to, elapsed)}</div>
      <table>
        <tbody>
          {rows.slice(0, MOST).map(({ line, value }) => (
            <tr key={line.key}>
              <td><Swatch line={line} /></td>
              <td class="name">{line.label}</td>
              <td class="value">{write(value)}</td>
            </tr>
          ))}
          {behind && <tr class="sum"><td /><td class="name">{behind.label}</td><td class="value">{count(countAt(behind, time) ?? 0)}</td></tr>}
          {stack && rows.length > 1 && <tr class="sum"><td /><td class="name">together</td><td class="value">{write(sum)}</td></tr>}
        </tbody>
      </table>
      {rows.length > MOST && <div class="more">and {rows.length - MOST} more</div>}
    </div>
  );
}
