/** All JVMs: a row each, newest state and the trend of the range; grouped, the same growth on several hosts shows. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { get } from "../../api/client";
import { liveFilter } from "../../api/live";
import { asApiError, useApi } from "../../api/resource";
import type { Fleet as Answer, FleetRow, LabelNames } from "../../api/types";
import { Failure, Filter, Warnings } from "../../lib/controls";
import { count, exact } from "../../lib/format";
import { usePaged } from "../../lib/paged";
import { go, patch, query } from "../../lib/router";
import { Table, sortOf, type Sort } from "../../lib/table";
import { span } from "../../lib/view";
import { COLUMNS, jvmLink, rowKey } from "./columns";
import { Empty } from "./empty";
import { Groups } from "./groups";

export type Count = Pick<Answer, "total" | "counts">;

/** Labels of series and classes, not of JVMs. */
const NO_GROUPS = new Set(["class", "package", "mode", "metric", "pid", "started", "pool", "gc", "command"]);

const ROW = 36;
const DEFAULT_SORT: Sort = { key: "growth_per_hour", order: "desc" };

export default function Fleet() {
  useEffect(() => {
    document.title = "Fleet · heapwatch";
    liveFilter.value = {};
  }, []);
  const [tally, setTally] = useState<Count | null>(null);
  const filter = query.value.get("filter") ?? "";
  const group = query.value.get("group") ?? "";
  return (
    <section class="page fleet">
      <Bar filter={filter} group={group} tally={tally} />
      {group ? <Groups by={group} filter={filter} onTally={setTally} /> : <List filter={filter} onTally={setTally} />}
    </section>
  );
}

function Bar({ filter, group, tally }: { readonly filter: string; readonly group: string; readonly tally: Count | null }) {
  const labels = useApi<LabelNames>("labels", {});
  const names = [...new Set(["jvm", "host", ...(labels.data?.labels ?? [])])].filter((name) => !NO_GROUPS.has(name));
  return (
    <div class="bar">
      <h1>Fleet</h1>
      <Filter label="Filter JVMs" placeholder="host, JVM or label, e.g. env=prod" value={filter} onChange={(text) => patch({ filter: text })} width={300} />
      <label class="select">
        Group by
        <select value={group} onChange={(event) => patch({ group: event.currentTarget.value }, "push")}>
          <option value="">nothing</option>
          {names.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
      </label>
      <span class="spacer" />
      {tally && <Tally {...tally} />}
    </div>
  );
}

/** How many fit the filter, and how they are. */
function Tally({ total, counts }: Count) {
  const states = Object.entries(counts ?? {}).filter(([, number]) => number > 0);
  return (
    <p class="tally">
      <span><strong title={exact(total)}>{count(total)}</strong> JVM{total === 1 ? "" : "s"}</span>
      {states.map(([state, number]) => <span key={state} class={`state ${state}`}>{count(number)} {state}</span>)}
    </p>
  );
}

function List({ filter, onTally }: { readonly filter: string; readonly onTally: (count: Count) => void }) {
  const sort = sortOf(query.value, DEFAULT_SORT);
  const { from, to } = span.value;
  const { pager, generation } = usePaged<FleetRow, readonly string[]>(
    JSON.stringify([filter, sort.key, sort.order, to - from]),
    `${from} ${to}`,
    async (offset, limit, abort) => {
      const answer = await get<Answer>("fleet", { from, to, filter, sort: sort.key, order: sort.order, limit, offset }, abort);
      onTally({ total: answer.total, counts: answer.counts });
      return { total: answer.total, rows: answer.rows, head: answer.warnings ?? [] };
    },
  );
  const columns = useMemo(() => COLUMNS(from, to), [from, to]);
  const error = pager.error === null ? null : asApiError(pager.error);
  if (error && pager.total === null) return <Failure error={error} onRetry={() => pager.retry()} />;
  if (pager.total === 0 && !filter && !pager.outdated) return <Empty />;
  return (
    <>
      {error && <Failure error={error} onRetry={() => pager.retry()} known />}
      <Warnings texts={pager.head ?? undefined} />
      <Table label="JVMs" columns={columns} total={pager.total ?? 12} rowAt={(index) => pager.row(index)} rowKey={rowKey} rowHeight={ROW}
        minWidth="1180px" sort={sort} onSort={(next) => patch({ sort: next.key, order: next.order })} generation={generation}
        outdated={pager.outdated} onRows={(first, last) => pager.want(first, last)} onOpen={(row) => go(jvmLink(row))}
        rowClass={(row) => `jvm-${row.state}`}
        empty={<p class="no-match">No JVM matches “{filter}”. <button type="button" onClick={() => patch({ filter: null })}>Show all</button></p>} />
    </>
  );
}
