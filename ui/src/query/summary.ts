/** An answer as rows of a table: a row a series with what became of it, or the columns that the query made. Pure. */
import type { Cell, Columns, QueryAnswer } from "../api/types";
import { first, largest, last, smallest, type Column } from "../charts/columns";

export interface SummaryRow {
  readonly key: string;
  readonly letter: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly last: number | null;
  readonly first: number | null;
  readonly average: number | null;
  readonly smallest: number | null;
  readonly largest: number | null;
  readonly change: number | null;
  readonly points: number;
  readonly times: readonly number[];
  readonly values: Column;
}

export function summary(answer: Pick<QueryAnswer, "rows">, hidden: ReadonlySet<string> = new Set()): SummaryRow[] {
  return answer.rows
    .filter((row) => !hidden.has(row.letter))
    .flatMap((row) =>
      row.series.map((series) => {
        const known = series.values.filter((value): value is number => value !== null);
        const [from, to] = [first(series.values), last(series.values)];
        return {
          key: `${row.letter} ${JSON.stringify(series.labels)}`,
          letter: row.letter,
          labels: series.labels,
          last: to,
          first: from,
          average: known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null,
          smallest: smallest(series.values),
          largest: largest(series.values),
          change: from === null || to === null ? null : to - from,
          points: known.length,
          times: row.times,
          values: series.values,
        };
      }),
    );
}

/** Labels that tell rows apart, or all if there is one row. */
export function labelNames(rows: readonly SummaryRow[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))];
  const differ = names.filter((name) => new Set(rows.map((row) => row.labels[name])).size > 1);
  return differ.length ? differ : names.slice(0, 3);
}

export type Order = "asc" | "desc";

/** Empty cells last, numbers as numbers, texts by their language. */
export function compare(a: Cell, b: Cell, order: Order): number {
  const missing = (value: Cell) => value === null || value === undefined || value === "";
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  const sign = order === "asc" ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
}

export const isNumeric = (column: readonly Cell[]): boolean => column.some((cell) => typeof cell === "number") && column.every((cell) => cell == null || typeof cell === "number");

/** Places of rows in the order that was asked for. */
export function sortedPlaces(columns: Columns, key: string, order: Order): number[] {
  const column = columns[key] ?? [];
  const length = Math.max(0, ...Object.values(columns).map((one) => one.length));
  const places = Array.from({ length }, (_, place) => place);
  return key in columns ? places.sort((a, b) => compare(column[a], column[b], order) || a - b) : places;
}
