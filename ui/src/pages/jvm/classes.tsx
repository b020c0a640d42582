/** What the heap consists of: the histogram of one moment, or the difference between two. */
import { useMemo, useState } from "preact/hooks";
import { get } from "../../api/client";
import { asApiError } from "../../api/resource";
import type { Classes as Answer, FleetRow, SnapshotHead } from "../../api/types";
import { later } from "../../lib/later";
import { Failure, Filter, Segments, Warnings } from "../../lib/controls";
import { bytes, count, duration, exact } from "../../lib/format";
import { usePaged } from "../../lib/paged";
import { go, link, patch, query } from "../../lib/router";
import { Table, sortOf, type Column, type Sort } from "../../lib/table";
import { Change, ClassName, Count, Rate, ShallowBytes, Time, plain } from "../../lib/text";
import { span, zoomTo } from "../../lib/view";
import { instants, nameOf, type Choice } from "./selection";

/** Seldom looked at; fetched when they are. */
const Packages = later(() => import("./packages"));
const RawText = later(() => import("./raw"));

const ROW = 26;
const HEIGHT = "clamp(320px, calc(100vh - 470px), 640px)";

export interface ClassRow {
  readonly name: string;
  readonly kind: string;
  readonly rows: number;
  readonly instances: number;
  readonly bytes: number;
  readonly deltaInstances: number | null;
  readonly deltaBytes: number | null;
  readonly perMinute: number | null;
}

export interface Heads {
  readonly before: SnapshotHead | null;
  readonly after: SnapshotHead | null;
  readonly warnings: readonly string[];
}

export function rowsOf({ columns }: Answer): ClassRow[] {
  return columns.class.map((name, i) => ({
    name,
    kind: columns.kind[i] ?? "",
    rows: columns.rows[i] ?? 1,
    instances: columns.instances[i] ?? 0,
    bytes: columns.bytes[i] ?? 0,
    deltaInstances: columns.delta_instances?.[i] ?? null,
    deltaBytes: columns.delta_bytes?.[i] ?? null,
    perMinute: columns.bytes_per_min?.[i] ?? null,
  }));
}

/** The parameters of a question about classes, the same for table, packages, CSV and raw text. */
export function question(choice: Choice, before: number | null, at: number) {
  return { host: choice.host, jvm: choice.jvm, pid: choice.pid, mode: choice.mode, before, at, filter: choice.filter, package: choice.inPackage };
}

export default function Classes({ choice, rows }: { readonly choice: Choice; readonly rows: readonly FleetRow[] }) {
  const { before, at } = instants(choice, span.value);
  const [heads, setHeads] = useState<Heads | null>(null);
  return (
    <section class="card classes" aria-label="Classes">
      <ClassBar choice={choice} heads={heads} rows={rows} />
      {choice.view === "table" ? (
        <ClassTable choice={choice} before={before} at={at} onHeads={setHeads} />
      ) : (
        <Packages choice={choice} before={before} at={at} onHeads={setHeads} />
      )}
    </section>
  );
}

function ClassBar({ choice, heads, rows }: { readonly choice: Choice; readonly heads: Heads | null; readonly rows: readonly FleetRow[] }) {
  const [raw, setRaw] = useState(false);
  const [problem, setProblem] = useState("");
  const { before, at } = instants(choice, span.value);
  const save = async () => {
    setProblem("");
    try {
      const { download } = await import("./csv");
      await download(question(choice, before, at), sortOf(query.peek(), fallbackSort(before)));
    } catch (error) {
      setProblem(asApiError(error).message);
    }
  };
  return (
    <>
      <header>
        <h2>{choice.brush ? "Difference over the selection" : before !== null ? "Difference over the range" : "Classes"}</h2>
        <Instants heads={heads} choice={choice} />
        <span class="spacer" />
        <Segments label="What is shown" value={choice.single ? "one" : "diff"} onChoose={(value) => patch({ compare: value === "one" ? "off" : null, before: null, at: null, sort: null, order: null }, "push")}
          choices={[{ value: "diff", title: "Difference", help: "Between the ends of the range, or of what is selected in the chart" }, { value: "one", title: "One moment", help: "The newest histogram of the range" }]} />
        <Segments label="Arrangement" value={choice.view} onChoose={(view) => patch({ view: view === "table" ? null : view }, "push")}
          choices={[{ value: "table", title: "Table" }, { value: "packages", title: "Packages" }, { value: "treemap", title: "Treemap" }]} />
      </header>
      <div class="bar slim">
        <Filter label="Filter classes" placeholder="class or glob, e.g. akka.actor.*" value={choice.filter} onChange={(filter) => patch({ filter })} />
        <Whose choice={choice} rows={rows} />
        {choice.inPackage && <button type="button" class="chip" title="Show all packages" onClick={() => patch({ package: null }, "push")}>in {plain(choice.inPackage)} <span aria-hidden="true">✕</span></button>}
        {problem && <span class="problem" role="alert">{problem}</span>}
        <span class="spacer" />
        <button type="button" class="quiet" onClick={() => void save()}>Download CSV</button>
        <button type="button" class="quiet" onClick={() => setRaw(true)} disabled={!heads?.after}>Histogram text</button>
      </div>
      {raw && heads?.after && <RawText choice={choice} time={heads.after.time} onClose={() => setRaw(false)} />}
    </>
  );
}

/** Of several JVMs, whose classes these are. */
function Whose({ choice, rows }: { readonly choice: Choice; readonly rows: readonly FleetRow[] }) {
  const names = [...new Set(rows.map(nameOf))];
  if (names.length < 2) return null;
  return (
    <label class="select">
      Classes of
      <select value={nameOf({ host: choice.host[0] ?? "", jvm: choice.jvm[0] ?? "" })} onChange={(event) => patch({ one: event.currentTarget.value }, "push")}>
        {names.map((name) => <option key={name} value={name}>{plain(name)}</option>)}
      </select>
    </label>
  );
}

function Instants({ heads, choice }: { readonly heads: Heads | null; readonly choice: Choice }) {
  if (!heads?.after) return null;
  const describe = (head: SnapshotHead) => `${exact(head.instances)} objects, ${exact(head.bytes)} bytes shallow, ${exact(head.classes)} classes\n${head.mode === "live" ? "after a forced collection" : "garbage counted too"}${head.pause_ms === null ? "" : `\npause ${duration(head.pause_ms)}`}`;
  const { before, after } = heads;
  return (
    <p class="instants">
      {before && (
        <>
          <span title={describe(before)}><Time value={before.time} /> <i>{bytes(before.bytes)}</i></span>
          <span aria-label="to">→</span>
        </>
      )}
      <span title={describe(after)}><Time value={after.time} /> <i>{bytes(after.bytes)}</i></span>
      {before && <span><Change value={after.bytes - before.bytes} /> in {duration(after.time - before.time)}</span>}
      {choice.brush && (
        <>
          <button type="button" class="quiet" onClick={() => choice.brush && zoomTo(choice.brush.from, choice.brush.to)}>Zoom here</button>
          <button type="button" class="quiet" onClick={() => patch({ before: null, at: null }, "push")}>End selection</button>
        </>
      )}
    </p>
  );
}

export const fallbackSort = (before: number | null): Sort => ({ key: before === null ? "bytes" : "delta_bytes", order: "desc" });

const classLink = (row: ClassRow) => link("/class", { class: row.name });

function columnsOf(compared: boolean, total: number | null): readonly Column<ClassRow>[] {
  const share = (row: ClassRow) => (total ? Math.max(0, Math.min(1, row.bytes / total)) : 0);
  const columns: Column<ClassRow>[] = [
    {
      key: "class", title: "Class",
      cell: (row) => <span class="class-cell"><a href={classLink(row)}><ClassName name={row.name} /></a>{row.rows > 1 && <span class="badge" title="The same class from several class loaders">{count(row.rows)} loaders</span>}</span>,
      hover: (row) => plain(row.name),
    },
    { key: "instances", title: "Instances", number: true, width: "112px", cell: (row) => <Count value={row.instances} noun="instances" /> },
  ];
  if (compared) columns.push({ key: "delta_instances", title: "Δ instances", number: true, width: "112px", cell: (row) => <Change value={row.deltaInstances} write={count} noun="instances" /> });
  columns.push(
    { key: "bytes", title: "Shallow bytes", number: true, width: "124px", cell: (row) => <ShallowBytes value={row.bytes} /> },
    { key: "share", title: "Share", sortable: false, width: "90px", cell: (row) => <span class="meter plain" aria-hidden="true"><span style={{ width: `${share(row) * 100}%` }} /></span>, hover: (row) => `${(share(row) * 100).toFixed(2)} % of all shallow bytes` },
  );
  if (compared) {
    columns.push(
      { key: "delta_bytes", title: "Δ shallow", number: true, width: "124px", cell: (row) => <Change value={row.deltaBytes} noun="bytes, shallow" /> },
      { key: "rate", title: "Per minute", number: true, width: "132px", cell: (row) => <Rate value={row.perMinute} /> },
    );
  }
  return columns;
}

interface TableProps {
  readonly choice: Choice;
  readonly before: number | null;
  readonly at: number;
  readonly onHeads: (heads: Heads) => void;
}

function ClassTable({ choice, before, at, onHeads }: TableProps) {
  const sort = sortOf(query.value, fallbackSort(before));
  const asked = question(choice, before, at);
  const { before: _before, at: _at, ...identity } = asked;
  const { pager, generation } = usePaged<ClassRow, Heads>(
    JSON.stringify([identity, sort, before === null, choice.brush]),
    `${before} ${at}`,
    async (offset, limit, abort) => {
      const answer = await get<Answer>("classes", { ...asked, sort: sort.key, order: sort.order, limit, offset }, abort);
      const head = { before: answer.before, after: answer.after, warnings: answer.warnings ?? [] };
      onHeads(head);
      return { total: answer.total, rows: rowsOf(answer), head };
    },
    200,
  );
  const compared = before !== null;
  const total = pager.head?.after?.bytes ?? null;
  const columns = useMemo(() => columnsOf(compared, total), [compared, total]);
  const error = pager.error === null ? null : asApiError(pager.error);
  if (error && error.status === 404) return <p class="no-match">{plain(error.message)} {error.hint}</p>;
  if (error && pager.total === null) return <Failure error={error} onRetry={() => pager.retry()} />;
  return (
    <>
      {error && <Failure error={error} onRetry={() => pager.retry()} known />}
      <Warnings texts={pager.head?.warnings} />
      <Table label="Classes" columns={columns} total={pager.total ?? 10} rowAt={(index) => pager.row(index)} rowKey={(row) => row.name} rowHeight={ROW} height={HEIGHT}
        minWidth="860px" sort={sort} onSort={(next) => patch({ sort: next.key, order: next.order })} generation={generation} outdated={pager.outdated}
        onRows={(first, last) => pager.want(first, last)} onOpen={(row) => go(classLink(row))}
        rowClass={(row) => (row.instances === 0 ? "gone" : `kind-${row.kind}`)}
        empty={<p class="no-match">{choice.filter || choice.inPackage ? <>No class matches. <button type="button" onClick={() => patch({ filter: null, package: null })}>Show all</button></> : "No histogram was stored near this moment."}</p>} />
      <p class="foot">{pager.total === null ? "" : `${count(pager.total)} class${pager.total === 1 ? "" : "es"}`}</p>
    </>
  );
}
