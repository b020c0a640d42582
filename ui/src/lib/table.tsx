/**
 * A table of any length: rows have one height, and only those in sight are in the document. Sorting and filtering
 * are the server's. Arrow keys move the active row, Enter opens it.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** CSS width; a column without one shares what is left. */
  readonly width?: string;
  readonly number?: boolean;
  readonly sortable?: boolean;
  readonly help?: string;
  readonly cell: (row: Row, index: number) => ComponentChildren;
  readonly hover?: (row: Row) => string | undefined;
}

export interface Sort {
  readonly key: string;
  readonly order: "asc" | "desc";
}

export function sortOf(query: URLSearchParams, fallback: Sort): Sort {
  const key = query.get("sort");
  return key ? { key, order: query.get("order") === "asc" ? "asc" : "desc" } : fallback;
}

interface Props<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly total: number;
  readonly rowAt: (index: number) => Row | undefined;
  readonly rowKey: (row: Row) => string;
  readonly rowHeight: number;
  readonly height?: string;
  readonly minWidth?: string;
  readonly sort?: Sort | undefined;
  readonly onSort?: (sort: Sort) => void;
  readonly onRows?: (first: number, last: number) => void;
  readonly onOpen?: (row: Row) => void;
  readonly rowClass?: (row: Row) => string;
  readonly level?: (row: Row) => { level: number; expanded?: boolean };
  readonly onFold?: (row: Row, open: boolean) => void;
  readonly outdated?: boolean;
  readonly generation?: number;
  readonly empty?: ComponentChildren;
}

const MARGIN = 10; // rows kept ready above and below
const HEAD = 30;

export function nextSort(column: { key: string; number?: boolean | undefined }, sort: Sort | undefined): Sort {
  if (sort?.key === column.key) return { key: column.key, order: sort.order === "asc" ? "desc" : "asc" };
  return { key: column.key, order: column.number ? "desc" : "asc" };
}

export function windowOf(scrollTop: number, height: number, rowHeight: number, total: number): { first: number; end: number } {
  const first = Math.max(0, Math.min(total, Math.floor(scrollTop / rowHeight)) - MARGIN);
  const end = Math.min(total, Math.ceil((scrollTop + height) / rowHeight) + MARGIN);
  return { first, end: Math.max(first, end) };
}

export function Table<Row>(props: Props<Row>) {
  const { columns, total, rowAt, rowHeight } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [active, setActive] = useState(-1);
  const id = useId();
  const { first, end } = windowOf(view.top, view.height, rowHeight, total);

  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (box.current) box.current.scrollTop = 0;
    setActive(-1);
  }, [props.generation]);
  useEffect(() => props.onRows?.(first, Math.max(first, end - 1)), [first, end]);

  const move = (index: number) => {
    const element = box.current;
    if (!element || total === 0) return;
    const next = Math.max(0, Math.min(total - 1, index));
    setActive(next);
    const top = next * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + rowHeight + HEAD;
    if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: total - 1,
    };
    const row = active >= 0 ? rowAt(active) : undefined;
    if (steps[event.key] !== undefined) move(steps[event.key] as number);
    else if (event.key === "Enter" && row) props.onOpen?.(row);
    else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && row && props.onFold) props.onFold(row, event.key === "ArrowRight");
    else return;
    event.preventDefault();
  };
  const rows: JSX.Element[] = [];
  for (let index = first; index < end; index++) {
    rows.push(<TableRow key={index} {...props} id={`${id}-${index}`} index={index} row={rowAt(index)} active={index === active} />);
  }
  return (
    <div class="table-box" ref={box} tabIndex={0} style={props.height ? { height: props.height } : {}} data-outdated={props.outdated ?? false}
      role="group" aria-label={`${props.label}: arrow keys move, Enter opens`}
      aria-activedescendant={active >= first && active < end ? `${id}-${active}` : undefined}
      onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
      onKeyDown={onKeyDown}>
      <table role={props.level ? "treegrid" : "grid"} aria-label={props.label} aria-rowcount={total + 1} aria-busy={props.outdated ?? false}
        style={props.minWidth ? { minWidth: props.minWidth } : {}}>
        <colgroup>{columns.map((column) => <col key={column.key} style={column.width ? { width: column.width } : {}} />)}</colgroup>
        <thead>
          <tr aria-rowindex={1}>{columns.map((column) => <Head key={column.key} column={column} sort={props.sort} onSort={props.onSort} />)}</tr>
        </thead>
        <tbody>
          {first > 0 && <tr aria-hidden="true" style={{ height: `${first * rowHeight}px` }} />}
          {rows}
          {end < total && <tr aria-hidden="true" style={{ height: `${(total - end) * rowHeight}px` }} />}
        </tbody>
      </table>
      {total === 0 && props.empty}
    </div>
  );
}

interface HeadProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort | undefined;
  readonly onSort: ((sort: Sort) => void) | undefined;
}

function Head<Row>({ column, sort, onSort }: HeadProps<Row>) {
  const sorted = sort?.key === column.key ? (sort.order === "asc" ? "ascending" : "descending") : undefined;
  const sortable = onSort && column.sortable !== false;
  return (
    <th scope="col" class={column.number ? "number" : ""} aria-sort={sorted ?? (sortable ? "none" : undefined)} title={column.help}>
      {sortable ? (
        <button type="button" onClick={() => onSort(nextSort(column, sort))}>
          {column.title}
          <span class="arrow" aria-hidden="true">{sorted === "ascending" ? "▲" : sorted ? "▼" : ""}</span>
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}

interface RowProps<Row> extends Props<Row> {
  readonly id: string;
  readonly index: number;
  readonly row: Row | undefined;
  readonly active: boolean;
}

function TableRow<Row>({ id, index, row, active, columns, rowHeight, rowClass, level, onOpen }: RowProps<Row>) {
  const depth = row && level?.(row);
  return (
    <tr id={id} aria-rowindex={index + 2} class={row && rowClass ? rowClass(row) : ""} data-active={active} data-odd={index % 2 === 1}
      style={{ height: `${rowHeight}px` }} aria-level={depth?.level} aria-expanded={depth?.expanded}
      onDblClick={() => row && onOpen?.(row)}>
      {columns.map((column) => (
        <td key={column.key} class={column.number ? "number" : ""} title={row && column.hover?.(row)}>
          {row ? column.cell(row, index) : <span class="skeleton" />}
        </td>
      ))}
    </tr>
  );
}
