/** Answers as tables: a row a series, or the columns that a query made. Everything is here, so sorting is too. */
import { useMemo, useState } from "preact/hooks";
import type { Cell, Columns, QueryAnswer, QueryRow } from "../api/types";
import { Swatch } from "../charts/legend";
import { Sparkline } from "../charts/sparkline";
import { exact, moment, signed, writer, type Unit } from "../lib/format";
import { Table, type Column, type Sort } from "../lib/table";
import { plain } from "../lib/text";
import { span } from "../lib/view";
import { compare, isNumeric, labelNames, sortedPlaces, summary, type SummaryRow } from "./summary";

const ROW = 28;

export function SeriesTable({ answer, hidden, unit, height, label }: {
  readonly answer: Pick<QueryAnswer, "rows">;
  readonly hidden: ReadonlySet<string>;
  readonly unit: Unit;
  readonly height: string;
  readonly label: string;
}) {
  const rows = useMemo(() => summary(answer, hidden), [answer, hidden]);
  const [sort, setSort] = useState<Sort>({ key: "last", order: "desc" });
  const { from, to } = span.value;
  const write = writer(unit);
  const names = useMemo(() => labelNames(rows), [rows]);
  const several = new Set(rows.map((row) => row.letter)).size > 1;
  const sorted = useMemo(() => {
    const measure = (row: SummaryRow): Cell => (sort.key.startsWith("label ") ? row.labels[sort.key.slice(6)] : (row[sort.key as keyof SummaryRow] as Cell));
    return [...rows].sort((a, b) => compare(measure(a), measure(b), sort.order));
  }, [rows, sort]);
  const slots = new Map(rows.map((row, index) => [row.key, index]));
  const figure = (key: "first" | "last" | "average" | "smallest" | "largest", title: string, help?: string): Column<SummaryRow> => ({
    key, title, number: true, width: "110px", ...(help ? { help } : {}), cell: (row) => write(row[key]), hover: (row) => exact(row[key]),
  });
  const columns: readonly Column<SummaryRow>[] = [
    ...(several ? [{ key: "letter", title: "Row", width: "64px", cell: (row: SummaryRow) => `#${row.letter}` }] : []),
    ...(names.length ? names : [""]).map((name, index): Column<SummaryRow> => ({
      key: `label ${name}`, title: name ? plain(name) : "Series",
      cell: (row) => <span class="place">{index === 0 && <Swatch line={{ slot: slots.get(row.key) ?? 0 }} />}<bdi>{plain(String(row.labels[name] ?? (name ? "" : "all")))}</bdi></span>,
      hover: (row) => Object.entries(row.labels).map(([key, value]) => `${plain(key)}=${plain(String(value))}`).join("\n"),
    })),
    { key: "curve", title: "Curve", sortable: false, width: "140px", cell: (row) => <Sparkline times={row.times} values={row.values} limit={null} from={from} to={to} width={120} height={20} label={`newest ${write(row.last)}`} /> },
    figure("last", "Newest"), figure("smallest", "Least"), figure("average", "Mean", "Of the points shown"), figure("largest", "Greatest"),
    { key: "change", title: "Change", number: true, width: "110px", help: "From the first point to the newest", cell: (row) => signed(row.change, write), hover: (row) => exact(row.change) },
  ];
  return (
    <Table label={label} columns={columns} total={sorted.length} rowAt={(index) => sorted[index]} rowKey={(row) => row.key} rowHeight={ROW} height={height} minWidth={`${704 + Math.max(1, names.length) * 180}px`}
      sort={sort} onSort={setSort} empty={<p class="no-match">No series has these labels in this range.</p>} />
  );
}

const TIMES = /^(_timeslice|_time|_first|_last|time|first|last_seen)$/;

/** How one cell is written; a time is one by its column's name. */
export function written(name: string, value: Cell, unit: Unit = "number"): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") {
    if (TIMES.test(name) && value > 1e11) return moment(value, span.peek().to);
    return Number.isInteger(value) && unit === "number" ? value.toLocaleString("en-US") : writer(unit)(value);
  }
  return plain(String(value));
}

interface Place {
  readonly at: number;
}

/** Texts that are the same in every row say it once, above the table. */
function common(columns: Columns, names: readonly string[]): readonly string[] {
  return names.filter((name) => {
    const column = columns[name] ?? [];
    return column.length > 1 && typeof column[0] === "string" && column.every((cell) => cell === column[0]);
  });
}

export function ColumnsTable({ columns, order, height, label, unit = "number", fold = false }: {
  readonly columns: Columns;
  readonly order?: readonly string[];
  readonly height: string;
  readonly label: string;
  readonly unit?: Unit;
  /** Leave out what is the same everywhere. */
  readonly fold?: boolean;
}) {
  const [sort, setSort] = useState<Sort>({ key: "", order: "desc" });
  const all = (order?.length ? order : Object.keys(columns)).filter((name) => name in columns);
  const same = fold ? common(columns, all) : [];
  const names = all.filter((name) => !same.includes(name));
  const places = useMemo<readonly Place[]>(() => sortedPlaces(columns, sort.key, sort.order).map((at) => ({ at })), [columns, sort]);
  const shown: readonly Column<Place>[] = names.map((name) => {
    const column = columns[name] ?? [];
    const number = isNumeric(column);
    const show = (cell: Cell) => (name === "change" && typeof cell === "number" ? signed(cell, writer(unit)) : written(name, cell, unit));
    return {
      key: name, title: plain(name), number, ...(number ? { width: TIMES.test(name) ? "170px" : "140px" } : {}),
      cell: ({ at }) => <bdi>{show(column[at])}</bdi>,
      hover: ({ at }) => (column[at] == null ? undefined : typeof column[at] === "number" ? exact(column[at]) : plain(String(column[at]))),
    };
  });
  return (
    <>
      {same.length > 0 && <p class="same">{same.map((name) => <span key={name}><span class="label-name">{plain(name)}</span> {plain(String(columns[name]?.[0]))}</span>)}</p>}
      <Table label={label} columns={shown} total={places.length} rowAt={(index) => places[index]} rowKey={({ at }) => String(at)} rowHeight={ROW} height={height}
        minWidth={`${Math.max(480, names.length * 130)}px`} sort={sort} onSort={setSort} empty={<p class="no-match">The answer has no rows.</p>} />
    </>
  );
}

/** Rows of a query that made columns, such as `diff`. */
export const tablesOf = (answer: Pick<QueryAnswer, "rows">): readonly (QueryRow & { readonly table: { readonly columns: Columns } })[] =>
  answer.rows.filter((row): row is QueryRow & { table: { columns: Columns } } => row.table !== null && row.table !== undefined);
