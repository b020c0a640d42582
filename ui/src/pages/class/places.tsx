/** Where the class is: a row for each line of the charts. */
import { useMemo, useState } from "preact/hooks";
import { Swatch } from "../../charts/legend";
import { Sparkline } from "../../charts/sparkline";
import { bytes, count, ratio } from "../../lib/format";
import { go, link } from "../../lib/router";
import { Table, type Column, type Sort } from "../../lib/table";
import { Count, Rate, ShallowBytes, Time, plain } from "../../lib/text";
import { span } from "../../lib/view";
import type { Part, PlaceRow } from "./history";

const ROW = 34;
const TITLES: Readonly<Record<Part, string>> = { life: "JVM", host: "Host", jvm: "Name", class: "Class", none: "All" };

const SORTS: Readonly<Record<string, (row: PlaceRow) => number | string>> = {
  name: (row) => row.name,
  bytes: (row) => row.bytes ?? -1,
  instances: (row) => row.instances ?? -1,
  growth: (row) => row.bytesPerMinute ?? -Infinity,
  births: (row) => row.instancesPerMinute ?? -Infinity,
  share: (row) => row.share ?? -1,
  each: (row) => row.each ?? -1,
};

export function sorted(rows: readonly PlaceRow[], sort: Sort): PlaceRow[] {
  const measure = SORTS[sort.key] ?? ((row: PlaceRow) => row.bytes ?? -1);
  const sign = sort.order === "asc" ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [left, right] = [measure(a), measure(b)];
    return sign * (typeof left === "string" ? left.localeCompare(String(right)) : left === right ? 0 : left < (right as number) ? -1 : 1);
  });
}

export function placeLink(row: PlaceRow, by: Part): string | null {
  if (by === "class") return link("/class", { class: String(row.labels["class"] ?? "") });
  if (by === "none") return null;
  return link("/jvm", { host: row.labels["host"] === undefined ? null : String(row.labels["host"]), jvm: row.labels["jvm"] === undefined ? null : String(row.labels["jvm"]) });
}

interface Props {
  readonly rows: readonly PlaceRow[];
  readonly by: Part;
  readonly loading: boolean;
  readonly names: readonly string[];
}

export function Places({ rows, by, loading, names }: Props) {
  const [sort, setSort] = useState<Sort>({ key: "bytes", order: "desc" });
  const shown = useMemo(() => sorted(rows, sort), [rows, sort]);
  const { from, to } = span.value;
  const columns: readonly Column<PlaceRow>[] = [
    { key: "name", title: TITLES[by], cell: (row) => { const href = placeLink(row, by); return <span class="place"><Swatch line={row} />{href ? <a class="strong" href={href}><bdi>{by === "life" ? plain(String(row.labels["jvm"])) : row.name}</bdi></a> : <bdi>{row.name}</bdi>}</span>; } },
    ...(by === "life" ? [{ key: "host", title: "On host", sortable: false, width: "14%", cell: (row: PlaceRow) => <bdi>{plain(String(row.labels["host"]))}</bdi> }, { key: "lived", title: "Lived", sortable: false, width: "172px", cell: (row: PlaceRow) => <>{Number(row.labels["started"]) > 0 ? <Time value={Number(row.labels["started"])} /> : "?"} – {row.ended === null ? "now" : <Time value={row.ended} />}</> }] : []),
    { key: "curve", title: "Shallow bytes", sortable: false, width: "150px", cell: (row) => <Sparkline times={row.times} values={row.values} limit={null} from={from} to={to} width={130} height={26} label={`Shallow bytes, now ${bytes(row.bytes)}`} /> },
    { key: "bytes", title: "Shallow, last", number: true, width: "110px", cell: (row) => <ShallowBytes value={row.bytes} /> },
    { key: "growth", title: "Growth", number: true, width: "124px", help: "Slope of shallow bytes over the range, or since the last restart (least squares)", cell: (row) => <Rate value={row.bytesPerMinute} /> },
    { key: "instances", title: "Instances", number: true, width: "100px", cell: (row) => <Count value={row.instances} noun="instances" /> },
    { key: "births", title: "Net births", number: true, width: "110px", help: "Slope of instances over the range, or since the last restart (least squares)", cell: (row) => <Rate value={row.instancesPerMinute} write={count} noun="instances" /> },
    { key: "each", title: "Bytes each", number: true, width: "96px", help: "Shallow bytes an instance", cell: (row) => bytes(row.each) },
    { key: "share", title: "Share", number: true, width: "84px", help: "Of the shallow bytes of all rows", cell: (row) => ratio(row.share) },
  ];
  return (
    <section class="card" aria-label="Where it is">
      <Table label="Where it is" columns={columns} total={loading ? 4 : shown.length} rowAt={(index) => (loading ? undefined : shown[index])} rowKey={(row) => row.key} rowHeight={ROW}
        height={`${Math.min(12, Math.max(3, shown.length)) * ROW + 31}px`} minWidth="940px" sort={sort} onSort={setSort}
        rowClass={(row) => (row.ended === null ? "" : "gone")} onOpen={(row) => { const href = placeLink(row, by); if (href) go(href); }}
        empty={<p class="no-match">No host has an instance of {names.map(plain).join(", ")} in this range.</p>} />
    </section>
  );
}
