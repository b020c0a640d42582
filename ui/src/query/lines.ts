/** Rows of an answer as lines of one chart. Pure. */
import type { Labels, QueryAnswer, QueryRow } from "../api/types";
import type { Value } from "../charts/columns";
import type { Line } from "../charts/plot";
import type { Unit } from "../lib/format";
import { plain } from "../lib/text";

/** What tells two lives of one JVM apart, but is no name for a line while they need not be. */
const LAST_RESORT = new Set(["pid", "started"]);

export interface Drawn {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** ms between two points; of several rows the longest. */
  readonly interval: number;
}

/** Names as short as they can be: labels that are the same everywhere are left out. */
export function seriesNames(labels: readonly Labels[]): string[] {
  const names = [...new Set(labels.flatMap((one) => Object.keys(one)))];
  const differ = names.filter((name) => new Set(labels.map((one) => one[name])).size > 1);
  const telling = differ.filter((name) => !LAST_RESORT.has(name));
  const written = (used: readonly string[]) => labels.map((one) => one && used.map((name) => one[name]).filter((value) => value !== undefined && value !== "").map((value) => plain(String(value))).join(" · "));
  const first = written(telling);
  const unique = new Set(first).size === first.length;
  const result = unique ? first : written(differ);
  return result.map((name, index) => name || alone(labels[index] ?? {}));
}

/** The only line, or one without any label of its own. */
function alone(labels: Labels): string {
  const told = Object.entries(labels).filter(([name]) => !LAST_RESORT.has(name)).map(([, value]) => plain(String(value))).filter(Boolean);
  return told.join(" · ") || "all";
}

/** One column of times for rows with different ones; a row has no value at another row's times. */
export function merged(rows: readonly QueryRow[]): { times: readonly number[]; values: readonly (readonly (readonly Value[])[])[] } {
  const first = rows[0]?.times ?? [];
  const same = rows.every((row) => row.times === first || (row.times.length === first.length && row.times.every((time, index) => time === first[index])));
  if (same) return { times: first, values: rows.map((row) => row.series.map((series) => series.values)) };
  const times = [...new Set(rows.flatMap((row) => [...row.times]))].sort((a, b) => a - b);
  const place = new Map(times.map((time, index) => [time, index]));
  const values = rows.map((row) =>
    row.series.map((series) => {
      const column = new Array<Value>(times.length).fill(null);
      row.times.forEach((time, index) => (column[place.get(time) ?? 0] = series.values[index] ?? null));
      return column;
    }),
  );
  return { times, values };
}

export function drawn(answer: Pick<QueryAnswer, "rows">, hidden: ReadonlySet<string> = new Set(), bars = false): Drawn {
  const rows = answer.rows.filter((row) => !hidden.has(row.letter) && row.series.length > 0);
  const { times, values } = merged(rows);
  const several = answer.rows.filter((row) => row.series.length > 0).length > 1;
  const lines: Line[] = [];
  rows.forEach((row, which) => {
    const names = seriesNames(row.series.map((series) => series.labels));
    row.series.forEach((series, index) => {
      lines.push({
        key: `${row.letter} ${JSON.stringify(series.labels)}`,
        label: several ? `#${row.letter} ${names[index]}` : (names[index] ?? ""),
        values: values[which]?.[index] ?? [],
        slot: lines.length,
        ...(bars ? { bars: true } : {}),
      });
    });
  });
  return { times, lines, interval: Math.max(0, ...rows.map((row) => row.interval_s * 1000)) };
}

export const LIMIT_KEY = "limit";

/** A straight line to stay under. */
export function limitLine(times: readonly number[], height: number | null, label: string): Line[] {
  return height === null || !Number.isFinite(height) || times.length === 0 ? [] : [{ key: LIMIT_KEY, label, values: times.map(() => height), slot: 0, limit: true }];
}

/** The unit a query most likely has; what was chosen goes before this. */
export function guessedUnit(query: string): Unit {
  if (/^\s*#[A-Z]\s*[-+*/(]|[/]\s*#[A-Z]|\|\s*(eval|count)\b/m.test(query)) return "number";
  if (/heap\.bytes|\.size\.|jvm\.(heap|pool|metaspace|class_space)\.|process\.(rss|swap)|memory\.(used|limit)/.test(query)) return "bytes";
  if (/heap\.instances|\.count\.|threads|classes\.(un)?loaded|open_files/.test(query)) return "count";
  if (/gc\.load|pause_share/.test(query)) return "ratio";
  if (/pause_ms|time_ms/.test(query)) return "ms";
  return "number";
}
