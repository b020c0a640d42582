/** Kinds of messages: what varies in them is a star. With their numbers over time, so that what is new shows. */
import { useMemo, useState } from "preact/hooks";
import { usePost } from "../../api/resource";
import type { LogsAnswer } from "../../api/types";
import { Sparkline } from "../../charts/sparkline";
import { Failure } from "../../lib/controls";
import { count, exact } from "../../lib/format";
import { go, link } from "../../lib/router";
import { Table, type Column, type Sort } from "../../lib/table";
import { plain } from "../../lib/text";
import { WarningList } from "../../query/asked";
import { compare } from "../../query/summary";
import { signatures, type Signature } from "./rows";

const ROW = 30;
/** On a line of its own: what was asked may end with a comment. */
const SLICES = "\n| timeslice 60 buckets";
const without = (query: string) => query.replace(SLICES, "");

export function Signatures({ asked, from, to }: { readonly asked: string; readonly from: number; readonly to: number }) {
  const answer = usePost<LogsAnswer>("logs/query", { query: `${asked}${SLICES} | logreduce`, from: String(from), to: String(to), limit: 1000, order: "desc" });
  const [sort, setSort] = useState<Sort>({ key: "count", order: "desc" });
  const found = useMemo(() => signatures(answer.data?.columns ?? {}), [answer.data]);
  const rows = useMemo(() => [...found].sort((a, b) => compare(sort.key === "signature" ? a.signature : a.count, sort.key === "signature" ? b.signature : b.count, sort.order)), [found, sort]);
  const all = found.reduce((sum, row) => sum + row.count, 0);
  const open = (row: Signature) => go(link("/logs", { q: without(row.query) || asked }));
  const columns: readonly Column<Signature>[] = [
    { key: "count", title: "Messages", number: true, width: "100px", cell: (row) => count(row.count), hover: (row) => exact(row.count, "messages") },
    { key: "share", title: "Share", sortable: false, width: "90px", cell: (row) => <span class="meter plain" aria-hidden="true"><span style={{ width: `${all ? (row.count / all) * 100 : 0}%` }} /></span>, hover: (row) => `${((row.count / all) * 100).toFixed(1)} % of the messages` },
    { key: "curve", title: "Over time", sortable: false, width: "150px", cell: (row) => <Sparkline times={row.times} values={row.values} limit={null} from={from} to={to} width={130} height={22} label={`${exact(row.count)} messages`} /> },
    { key: "signature", title: "Signature", cell: (row) => <a href={link("/logs", { q: without(row.query) || asked })}><code>{plain(row.signature)}</code></a>, hover: (row) => plain(row.sample) },
  ];
  if (answer.error && !answer.data) return <Failure error={answer.error} onRetry={answer.reload} />;
  return (
    <>
      {answer.data && <WarningList warnings={answer.data.warnings} />}
      <Table label="Signatures" columns={columns} total={answer.data ? rows.length : 6} rowAt={(index) => (answer.data ? rows[index] : undefined)} rowKey={(row) => row.signature} rowHeight={ROW}
        minWidth="720px" sort={sort} onSort={setSort} onOpen={open} outdated={answer.loading && answer.data !== null} empty={<p class="no-match">No message matches in this range.</p>} />
    </>
  );
}
