/** What the address of a JVM page chooses: which JVMs, what is compared with what, and how it is shown. */
import { parseBytes } from "../../lib/format";
import { parseInstant, type Span } from "../../lib/range";

export type By = "bytes" | "instances";
export type View = "table" | "packages" | "treemap";

export interface Choice {
  readonly host: readonly string[];
  readonly jvm: readonly string[];
  readonly pid: string | null;
  /** Of several JVMs the one whose classes are listed: "host jvm". */
  readonly one: string;
  readonly mode: "all" | "live";
  readonly by: By;
  /** Classes that ever exceed this many bytes (or instances) are left out of the top chart. */
  readonly cut: number | null;
  readonly view: View;
  /** The brushed range, when there is one. */
  readonly brush: Span | null;
  /** Plain tables of one moment instead of differences. */
  readonly single: boolean;
  readonly filter: string;
  readonly inPackage: string;
}

const oneOf = <T extends string>(value: string | null, allowed: readonly T[], fallback: T): T =>
  allowed.find((one) => one === value) ?? fallback;

export function readChoice(query: URLSearchParams): Choice {
  const before = parseInstant(query.get("before") ?? "");
  const at = parseInstant(query.get("at") ?? "");
  const cut = query.get("cut");
  return {
    host: query.getAll("host"),
    jvm: query.getAll("jvm"),
    pid: query.get("pid"),
    one: query.get("one") ?? "",
    mode: oneOf(query.get("mode"), ["all", "live"], "all"),
    by: oneOf(query.get("by"), ["bytes", "instances"], "bytes"),
    cut: cut === null ? null : parseBytes(cut),
    view: oneOf(query.get("view"), ["table", "packages", "treemap"], "table"),
    brush: before !== null && at !== null && before < at ? { from: before, to: at } : null,
    single: query.get("compare") === "off",
    filter: query.get("filter") ?? "",
    inPackage: query.get("package") ?? "",
  };
}

/** The two instants whose histograms are compared; `before` is null for a plain table. */
export function instants(choice: Choice, span: Span): { before: number | null; at: number } {
  if (choice.brush) return { before: choice.brush.from, at: choice.brush.to };
  return { before: choice.single ? null : span.from, at: span.to };
}

/** Exactly one host and one JVM are written out; otherwise it must be asked first who fits. */
export const isOne = (choice: Choice): boolean =>
  choice.host.length === 1 && choice.jvm.length === 1 && ![...choice.host, ...choice.jvm].some((name) => /[*?[]/.test(name));

interface Named {
  readonly host: string;
  readonly jvm: string;
}

export const nameOf = (row: Named) => `${row.host} ${row.jvm}`;

/** Classes are listed of one JVM: the one that was picked, else the first (they come by growth). */
export function narrowed(choice: Choice, rows: readonly Named[]): Choice {
  const names = new Set(rows.map(nameOf));
  if (names.size < 2) return choice;
  const picked = rows.find((row) => nameOf(row) === choice.one) ?? rows[0];
  return picked ? { ...choice, host: [picked.host], jvm: [picked.jvm] } : choice;
}
