/** What the address of the explorer asks, and how the answer is to be shown. */
import type { Unit } from "../../lib/format";
import { parseInstant, type Span } from "../../lib/range";
import { guessedUnit } from "../../query/lines";

export type Kind = "line" | "stacked" | "bar";

export interface Asked {
  readonly q: string;
  readonly interval: string;
  readonly view: "chart" | "table" | "json";
  readonly kind: Kind;
  readonly unit: Unit;
  /** Empty while the unit is guessed. */
  readonly chosenUnit: Unit | "";
  readonly hidden: ReadonlySet<string>;
  readonly drag: "zoom" | "explain";
  readonly brush: Span | null;
}

export const INTERVALS = ["1s", "10s", "30s", "1m", "5m", "15m", "1h", "6h", "1d"] as const;
export const KINDS: readonly { readonly value: Kind; readonly title: string }[] = [{ value: "line", title: "Lines" }, { value: "stacked", title: "Stacked" }, { value: "bar", title: "Columns" }];
export const UNITS: readonly { readonly value: Unit; readonly title: string }[] = [
  { value: "bytes", title: "bytes" }, { value: "count", title: "count" }, { value: "ratio", title: "share (%)" }, { value: "ms", title: "milliseconds" },
  { value: "perMinute", title: "per minute" }, { value: "number", title: "number" },
];

const oneOf = <T extends string>(value: string | null, allowed: readonly T[], fallback: T): T => allowed.find((one) => one === value) ?? fallback;

export function readAsked(query: URLSearchParams): Asked {
  const q = query.get("q") ?? "";
  const before = parseInstant(query.get("before") ?? "");
  const at = parseInstant(query.get("at") ?? "");
  const chosenUnit = oneOf<Unit | "">(query.get("unit"), UNITS.map(({ value }) => value), "");
  const interval = query.get("interval") ?? "";
  return {
    q,
    interval: /^\d+(ms|s|m|h|d)$/.test(interval) ? interval : "",
    view: oneOf(query.get("view"), ["chart", "table", "json"], "chart"),
    kind: oneOf(query.get("kind"), ["line", "stacked", "bar"], "line"),
    unit: chosenUnit || guessedUnit(q),
    chosenUnit,
    hidden: new Set(query.getAll("hide")),
    drag: oneOf(query.get("drag"), ["zoom", "explain"], "zoom"),
    brush: before !== null && at !== null && before < at ? { from: before, to: at } : null,
  };
}
