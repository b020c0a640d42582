/** The same difference by packages: as a tree to unfold, or as areas. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { Classes, Packages as Answer } from "../../api/types";
import { Treemap, type Area } from "../../charts/treemap";
import { Failure } from "../../lib/controls";
import { count } from "../../lib/format";
import { go, link, patch, query } from "../../lib/router";
import { Table, sortOf, type Column } from "../../lib/table";
import { Change, Count, Rate, ShallowBytes, parted, plain } from "../../lib/text";
import { fallbackSort, question, rowsOf, type Heads } from "./classes";
import { MEASURES, ownSums, packageTree, visible, type PackageNode } from "./packagetree";
import type { Choice } from "./selection";

const ROW = 26;
const TREEMAP = 460;
const CLASSES_IN_TREEMAP = 300;
const NAMELESS = "(none)";

interface Props {
  readonly choice: Choice;
  readonly before: number | null;
  readonly at: number;
  readonly onHeads: (heads: Heads) => void;
}

export default function Packages(props: Props) {
  const { choice, before, at, onHeads } = props;
  const answer = useApi<Answer>("packages", question(choice, before, at));
  useEffect(() => {
    if (answer.data) onHeads({ before: answer.data.before, after: answer.data.after, warnings: answer.data.warnings ?? [] });
  }, [answer.data]);
  if (answer.error?.status === 404) return <p class="no-match">{plain(answer.error.message)} {answer.error.hint}</p>;
  if (answer.error && !answer.data) return <Failure error={answer.error} onRetry={answer.reload} />;
  if (!answer.data) return <div class="page-loading" aria-busy="true"><span class="skeleton tall" /></div>;
  return (
    <>
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known />}
      {choice.view === "packages" ? <Tree answer={answer.data} /> : choice.inPackage ? <ClassAreas {...props} /> : <PackageAreas answer={answer.data} />}
    </>
  );
}

function Tree({ answer }: { readonly answer: Answer }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const tops = useMemo(() => packageTree(answer.columns), [answer]);
  const compared = answer.before !== null;
  const minutes = answer.before && answer.after ? (answer.after.time - answer.before.time) / 60_000 : null;
  const sort = sortOf(query.value, fallbackSort(compared ? 0 : null));
  const rows = visible(tops, open, MEASURES[sort.key] ?? ((one) => one.bytes), sort.order === "asc");
  const fold = (row: PackageNode, unfold: boolean) =>
    setOpen((old) => {
      const next = new Set(old);
      if (unfold) next.add(row.name);
      else next.delete(row.name);
      return next;
    });
  const columns = useMemo(() => treeColumns(compared, minutes, open, fold), [compared, minutes, open]);
  return (
    <Table label="Packages" columns={columns} total={rows.length} rowAt={(index) => rows[index]} rowKey={(row) => row.name} rowHeight={ROW} height="420px" minWidth="860px"
      sort={sort} onSort={(next) => patch({ sort: next.key, order: next.order })}
      level={(row) => ({ level: row.level, ...(row.children.length ? { expanded: open.has(row.name) } : {}) })}
      onFold={fold} onOpen={(row) => patch({ package: row.name, view: null }, "push")}
      empty={<p class="no-match">No package matches.</p>} />
  );
}

function treeColumns(compared: boolean, minutes: number | null, open: ReadonlySet<string>, fold: (row: PackageNode, open: boolean) => void): readonly Column<PackageNode>[] {
  const columns: Column<PackageNode>[] = [
    {
      key: "package", title: "Package", sortable: false,
      cell: (row) => (
        <span class="tree-cell" style={{ paddingLeft: `${(row.level - 1) * 18}px` }}>
          <button type="button" class="fold" disabled={!row.children.length} aria-label={`${open.has(row.name) ? "Fold" : "Unfold"} ${row.label}`} onClick={() => fold(row, !open.has(row.name))}>
            {row.children.length ? (open.has(row.name) ? "▾" : "▸") : ""}
          </button>
          <button type="button" class="as-link" title={`Classes in ${row.name}`} disabled={!row.name} onClick={() => patch({ package: row.name, view: null }, "push")}><bdi>{plain(row.label)}</bdi></button>
        </span>
      ),
      hover: (row) => plain(row.name),
    },
    { key: "class", title: "Classes", number: true, width: "90px", cell: (row) => count(row.classes) },
    { key: "instances", title: "Instances", number: true, width: "112px", cell: (row) => <Count value={row.instances} noun="instances" /> },
  ];
  if (compared) columns.push({ key: "delta_instances", title: "Δ instances", number: true, width: "112px", cell: (row) => <Change value={row.deltaInstances} write={count} noun="instances" /> });
  columns.push({ key: "bytes", title: "Shallow bytes", number: true, width: "124px", cell: (row) => <ShallowBytes value={row.bytes} /> });
  if (compared) {
    columns.push(
      { key: "delta_bytes", title: "Δ shallow", number: true, width: "124px", cell: (row) => <Change value={row.deltaBytes} noun="bytes, shallow" /> },
      { key: "rate", title: "Per minute", number: true, width: "132px", cell: (row) => <Rate value={minutes && row.deltaBytes !== null ? row.deltaBytes / minutes : null} /> },
    );
  }
  return columns;
}

function Key({ compared }: { readonly compared: boolean }) {
  return (
    <p class="heat-key">
      Area: shallow bytes.{" "}
      {compared && <>Colour: <span data-heat={-3} /> shrank <span data-heat={0} /> same <span data-heat={1} /><span data-heat={2} /><span data-heat={3} /><span data-heat={4} /> grew by 1, 10, 40 % of its size or more</>}
    </p>
  );
}

function PackageAreas({ answer }: { readonly answer: Answer }) {
  const areas = useMemo<Area[]>(() => {
    const { columns } = answer;
    const own = ownSums(columns);
    return columns.package.map((name, row) => ({
      key: name || NAMELESS, name: plain(name || "(no package)"), bytes: own.bytes[row] ?? 0, delta: answer.before ? (own.delta[row] ?? null) : null, note: "classes of this package alone",
    }));
  }, [answer]);
  return (
    <>
      <Treemap areas={areas} height={TREEMAP} label="Packages by shallow bytes" onOpen={(name) => name !== NAMELESS && patch({ package: name }, "push")} />
      <Key compared={answer.before !== null} />
    </>
  );
}

function ClassAreas({ choice, before, at }: Props) {
  const answer = useApi<Classes>("classes", { ...question(choice, before, at), sort: "bytes", order: "desc", limit: CLASSES_IN_TREEMAP });
  const areas = useMemo<Area[]>(
    () => (answer.data ? rowsOf(answer.data) : []).map((row) => ({ key: row.name, name: parted(plain(row.name)).own, bytes: row.bytes, delta: row.deltaBytes, note: plain(row.name) })),
    [answer.data],
  );
  if (answer.error && !answer.data) return <Failure error={answer.error} onRetry={answer.reload} />;
  return (
    <>
      <Treemap areas={areas} height={TREEMAP} label={`Classes of ${choice.inPackage} by shallow bytes`} onOpen={(name) => go(link("/class", { class: name }))} />
      <Key compared={before !== null} />
    </>
  );
}
