/**
 * The time range of a view, as it stands in the URL: `from=-15m` is relative to now and moves with it,
 * `from=…&to=…` (RFC 3339 or epoch ms) stands still.
 */

export interface Relative {
  readonly kind: "relative";
  readonly span: number; // ms before now
}
export interface Absolute {
  readonly kind: "absolute";
  readonly from: number;
  readonly to: number;
}
export type Range = Relative | Absolute;
export interface Span {
  readonly from: number;
  readonly to: number;
}

const SECOND = 1000;
const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: 60 * SECOND, h: 3600 * SECOND, d: 86400 * SECOND };
export const SHORTEST = 10 * SECOND;

export const PRESETS: readonly { readonly text: string; readonly name: string }[] = [
  { text: "5m", name: "Last 5 minutes" },
  { text: "15m", name: "Last 15 minutes" },
  { text: "1h", name: "Last hour" },
  { text: "6h", name: "Last 6 hours" },
  { text: "24h", name: "Last 24 hours" },
  { text: "7d", name: "Last 7 days" },
];

export const DEFAULT: Relative = { kind: "relative", span: 3600 * SECOND };

/** `15m` -> 900000; null when it is not a duration. */
export function parseSpan(text: string): number | null {
  const match = /^-?(\d+(?:\.\d+)?)\s*(s|m|h|d)$/.exec(text.trim());
  if (!match) return null;
  const span = Number(match[1]) * (UNITS[match[2] ?? ""] ?? NaN);
  return span >= SHORTEST ? span : null;
}

/** The shortest whole unit: 900000 -> `15m`. */
export function writeSpan(span: number): string {
  for (const unit of ["d", "h", "m"] as const) {
    const size = UNITS[unit] ?? 1;
    // A day is written as 24h, as the presets have it.
    if (span % size === 0 && !(unit === "d" && span === size)) return `${span / size}${unit}`;
  }
  return `${Math.round(span / SECOND)}s`;
}

/** An instant as people and URLs write it: epoch ms, epoch s, RFC 3339, or local `2026-11-22 14:03`. */
export function parseInstant(text: string): number | null {
  const trimmed = text.trim();
  if (/^\d{13}$/.test(trimmed)) return Number(trimmed);
  if (/^\d{10}$/.test(trimmed)) return Number(trimmed) * SECOND;
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(trimmed)) return null;
  const time = new Date(trimmed.includes(":") ? trimmed.replace(" ", "T") : `${trimmed}T00:00`).getTime();
  return Number.isNaN(time) ? null : time;
}

export function readRange(query: URLSearchParams): Range {
  const from = query.get("from");
  const to = query.get("to");
  if (from !== null && to !== null && to !== "now") {
    const start = parseInstant(from);
    const end = parseInstant(to);
    if (start !== null && end !== null && end - start >= SECOND) return { kind: "absolute", from: start, to: end };
  }
  const span = from === null ? null : parseSpan(from.replace(/^now/, ""));
  return span === null ? DEFAULT : { kind: "relative", span };
}

/** The query parameters that mean this range; null takes one away. */
export function writeRange(range: Range): { from: string | null; to: string | null } {
  if (range.kind === "absolute") {
    return { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };
  }
  return { from: range.span === DEFAULT.span ? null : `-${writeSpan(range.span)}`, to: null };
}

export function resolve(range: Range, now: number): Span {
  return range.kind === "absolute" ? { from: range.from, to: range.to } : { from: now - range.span, to: now };
}

export function sameRange(a: Range, b: Range): boolean {
  if (a.kind === "relative") return b.kind === "relative" && a.span === b.span;
  return b.kind === "absolute" && a.from === b.from && a.to === b.to;
}
