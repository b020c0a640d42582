/** Columns of messages as rows, and which of them are in sight when each is as high as its text. Pure. */
import type { Cell, Columns } from "../../api/types";

export interface Message {
  readonly key: string;
  readonly time: number;
  readonly level: string;
  readonly text: string;
  /** Labels and what operators made, in the answer's order, without those that are empty. */
  readonly fields: readonly (readonly [string, string | number | boolean])[];
}

const OWN = new Set(["_time", "_text", "_level", "_seq"]);

export function messages(columns: Columns, order: readonly string[]): Message[] {
  const times = columns["_time"] ?? [];
  const names = (order.length ? order : Object.keys(columns)).filter((name) => !OWN.has(name) && name in columns);
  const length = Math.max(0, ...Object.values(columns).map((column) => column.length));
  const seen = new Map<string, number>();
  return Array.from({ length }, (_, index) => {
    const fields = names.flatMap((name): (readonly [string, string | number | boolean])[] => {
      const value: Cell = columns[name]?.[index];
      return value === null || value === undefined || value === "" ? [] : [[name, value]];
    });
    const time = Number(times[index] ?? 0);
    const base = `${time} ${String(columns["_seq"]?.[index] ?? "")}`;
    const again = seen.get(base) ?? 0;
    seen.set(base, again + 1);
    return { key: again ? `${base} ${again}` : base, time, level: String(columns["_level"]?.[index] ?? ""), text: String(columns["_text"]?.[index] ?? ""), fields };
  });
}

/** The first line, and how many follow it. */
export function folded(text: string): { line: string; more: number } {
  const end = text.indexOf("\n");
  if (end < 0) return { line: text, more: 0 };
  const rest = text.slice(end + 1).replace(/\n+$/, "");
  return { line: text.slice(0, end), more: rest ? rest.split("\n").length : 0 };
}

/** Where each row begins; the last entry is the height of all. */
export function offsets(count: number, heightOf: (index: number) => number): number[] {
  const result = new Array<number>(count + 1);
  result[0] = 0;
  for (let index = 0; index < count; index++) result[index + 1] = (result[index] as number) + heightOf(index);
  return result;
}

const MARGIN = 400; // px kept ready above and below

export function inSight(starts: readonly number[], top: number, height: number): { first: number; end: number } {
  const count = starts.length - 1;
  const at = (place: number): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle + 1] ?? Infinity) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return { first: at(top - MARGIN), end: Math.min(count, at(top + height + MARGIN) + 1) };
}

export const LEVELS: Readonly<Record<string, string>> = {
  fatal: "bad", severe: "bad", error: "bad", err: "bad", critical: "bad", crit: "bad", warn: "warn", warning: "warn", info: "plain", notice: "plain", debug: "quiet", trace: "quiet", fine: "quiet",
};

/** How loud a level is. */
export const tone = (level: string): string => LEVELS[level.toLowerCase()] ?? "plain";

export interface Signature {
  readonly signature: string;
  readonly count: number;
  readonly sample: string;
  readonly query: string;
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** A row for each signature and slice becomes a row for each signature with its counts by time. */
export function signatures(columns: Columns): Signature[] {
  const slices = [...new Set((columns["_timeslice"] ?? []).map(Number))].sort((a, b) => a - b);
  const place = new Map(slices.map((time, index) => [time, index]));
  const found = new Map<string, { count: number; sample: string; query: string; values: number[] }>();
  (columns["_signature"] ?? []).forEach((cell, index) => {
    const name = String(cell ?? "");
    const known = found.get(name) ?? { count: 0, sample: String(columns["_sample"]?.[index] ?? ""), query: String(columns["_query"]?.[index] ?? ""), values: new Array<number>(slices.length).fill(0) };
    const count = Number(columns["_count"]?.[index] ?? 0);
    const slice = place.get(Number(columns["_timeslice"]?.[index]));
    known.count += count;
    if (slice !== undefined) known.values[slice] = (known.values[slice] ?? 0) + count;
    found.set(name, known);
  });
  return [...found].map(([signature, one]) => ({ signature, ...one, times: slices })).sort((a, b) => b.count - a.count || a.signature.localeCompare(b.signature));
}

export interface Curves {
  readonly times: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

const MOST_CURVES = 60;

/** An aggregation by `_timeslice` as curves: one for each measure and combination of what else it is grouped by. */
export function curvesOf(columns: Columns, order: readonly string[]): Curves | null {
  const slices = columns["_timeslice"];
  if (!slices || slices.length === 0) return null;
  const names = (order.length ? order : Object.keys(columns)).filter((name) => name !== "_timeslice" && name in columns);
  const measures = names.filter((name) => (columns[name] ?? []).some((cell) => typeof cell === "number") && (columns[name] ?? []).every((cell) => cell === null || typeof cell === "number"));
  const groups = names.filter((name) => !measures.includes(name));
  if (!measures.length) return null;
  const times = [...new Set(slices.map(Number))].sort((a, b) => a - b);
  const place = new Map(times.map((time, index) => [time, index]));
  const lines = new Map<string, (number | null)[]>();
  slices.forEach((slice, row) => {
    const group = groups.map((name) => String(columns[name]?.[row] ?? "")).join(" · ");
    for (const measure of measures) {
      const name = measures.length > 1 ? [group, measure].filter(Boolean).join(" ") : group || measure;
      const values = lines.get(name) ?? new Array<number | null>(times.length).fill(null);
      values[place.get(Number(slice)) ?? 0] = (columns[measure]?.[row] as number | null) ?? null;
      lines.set(name, values);
    }
  });
  return { times, lines: [...lines].slice(0, MOST_CURVES).map(([name, values]) => ({ name, values })) };
}
