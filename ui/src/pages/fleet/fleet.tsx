/** All JVMs: a row each, newest state and the trend of the range; grouped, the same growth on several hosts shows. */
import { useEffect, useMemo } from "preact/hooks";
import { get } from "../../api/client";
import { liveFilter } from "../../api/live";
import { asApiError, useApi } from "../../api/resource";
import type { Fleet as Answer, FleetRow, LabelNames } from "../../api/types";
import { Failure, Filter, Warnings } from "../../lib/controls";
import { count, exact } from "../../lib/format";
import { usePaged } from "../../lib/paged";
import { go, link, patch, query } from "../../lib/router";
import { Table, sortOf, type Sort } from "../../lib/table";
import { span } from "../../lib/view";
import { COLUMNS, jvmLink, rowKey } from "./columns";
import { Empty } from "./empty";
import { Groups } from "./groups";
import { Systemic } from "./systemic";

/** Labels of series and classes, not of JVMs. */
const NO_GROUPS = new Set(["class", "package", "mode", "metric", "pid", "started", "pool", "gc", "command"]);

const ROW = 36;
/** Who dies first; where nothing ends, the server goes by growth. */
const DEFAULT_SORT: Sort = { key: "full_in_s", order: "asc" };

export default function Fleet() {
  useEffect(() => {
    document.title = "Fleet · heapwatch";
    liveFilter.value = {};
  }, []);
  const filter = query.value.get("filter") ?? "";
  const group = query.value.get("group") ?? "";
  return (
    <section class="page fleet">
      <Bar filter={filter} group={group} />
      <Systemic filter={filter} />
      {group ? <Groups by={group} filter={filter} /> : <List filter={filter} />}
    </section>
  );
}

function Bar({ filter, group }: { readonly filter: string; readonly group: string }) {
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
      <a href={link("/dashboards/memory-leak")}>Memory leak dashboard</a>
      <Tally filter={filter} />
    </div>
  );
}

const TALLY_EVERY = 10_000;
const STATES = ["up", "silent", "exited"];

/** How many fit the filter, and how they are: counted by the server, now and then. */
function Tally({ filter }: { readonly filter: string }) {
  const to = Math.ceil(span.value.to / TALLY_EVERY) * TALLY_EVERY;
  const from = to - (span.value.to - span.value.from);
  const { data } = useApi<Answer>("fleet", { from, to, filter, group: "state", limit: 1 });
  if (!data) return null;
  const numberOf = (state: string) => data.groups?.find((group) => group.value === state)?.jvms ?? 0;
  return (
    <p class="tally">
      <span><strong title={exact(data.total)}>{count(data.total)}</strong> JVM{data.total === 1 ? "" : "s"}</span>
      {STATES.filter(numberOf).map((state) => <span key={state} class={`state ${state}`}>{count(numberOf(state))} {state}</span>)}
    </p>
  );
}

function List({ filter }: { readonly filter: string }) {
  const sort = sortOf(query.value, DEFAULT_SORT);
  const { from, to } = span.value;
  const { pager, generation } = usePaged<FleetRow, readonly string[]>(
    JSON.stringify([filter, sort.key, sort.order, to - from]),
    `${from} ${to}`,
    async (offset, limit, abort) => {
      const answer = await get<Answer>("fleet", { from, to, filter, sort: sort.key, order: sort.order, limit, offset }, abort);
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
        minWidth="1400px" sort={sort} onSort={(next) => patch({ sort: next.key, order: next.order })} generation={generation}
        outdated={pager.outdated} onRows={(first, last) => pager.want(first, last)} onOpen={(row) => go(jvmLink(row))}
        rowClass={(row) => `jvm-${row.state}`}
        empty={<p class="no-match">No JVM matches “{filter}”. <button type="button" onClick={() => patch({ filter: null })}>Show all</button></p>} />
    </>
  );
}
