/** The fleet by a label: each group with its hosts' curves on one chart and its rows below. */
import { useMemo, useState } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { Fleet as Answer, FleetRow } from "../../api/types";
import { TimeChart } from "../../charts/chart";
import { Failure, Warnings } from "../../lib/controls";
import { count, rate } from "../../lib/format";
import { here, link, patch } from "../../lib/router";
import { ClassName, plain } from "../../lib/text";
import { span } from "../../lib/view";
import { COLUMNS, jvmLink, rowKey } from "./columns";
import { Empty } from "./empty";
import { commonSuspect, curvesOf, growing, groupsOf, type Group } from "./grouping";

const MOST_ROWS = 2000;
const GROUPS_A_PAGE = 30;
const ROWS_A_GROUP = 8;
const CURVES = 20;

export function Groups({ by, filter }: { readonly by: string; readonly filter: string }) {
  const { from, to } = span.value;
  const answer = useApi<Answer>("fleet", { from, to, filter, group: by, sort: "growth_per_hour", order: "desc", limit: MOST_ROWS, offset: 0 });
  const [shown, setShown] = useState(GROUPS_A_PAGE);
  const groups = useMemo(() => groupsOf(answer.data?.rows ?? [], by), [answer.data, by]);
  if (answer.error && !answer.data) return <Failure error={answer.error} onRetry={answer.reload} />;
  if (!answer.data) return <div class="page-loading" aria-busy="true"><span class="skeleton tall" /><span class="skeleton tall" /></div>;
  if (answer.data.total === 0) {
    return filter ? <p class="no-match">No JVM matches “{filter}”. <button type="button" onClick={() => patch({ filter: null })}>Show all</button></p> : <Empty />;
  }
  return (
    <div class="groups">
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known />}
      <Warnings texts={[...(answer.data.warnings ?? []), ...(answer.data.total > MOST_ROWS ? [`Only the ${count(MOST_ROWS)} JVMs that grow most are grouped, of ${count(answer.data.total)}. A filter narrows them.`] : [])]} />
      {groups.slice(0, shown).map((group) => <Card key={group.name} group={group} by={by} from={from} to={to} />)}
      {groups.length > shown && <button type="button" onClick={() => setShown(shown + GROUPS_A_PAGE)}>Show {Math.min(GROUPS_A_PAGE, groups.length - shown)} more groups of {groups.length}</button>}
    </div>
  );
}

interface CardProps {
  readonly group: Group;
  readonly by: string;
  readonly from: number;
  readonly to: number;
}

function Card({ group, by, from, to }: CardProps) {
  const rising = growing(group);
  return (
    <section class="card group" aria-label={`${by} ${group.name}`}>
      <header>
        <h2>{group.name ? <bdi>{plain(group.name)}</bdi> : <em>no {by}</em>}</h2>
        <span class="note">{group.rows.length} JVM{group.rows.length === 1 ? "" : "s"}</span>
        <Verdict group={group} rising={rising} />
        <span class="spacer" />
        {by === "jvm" && group.rows.length > 1 && <a href={link("/jvm", { jvm: group.name })}>All together</a>}
        <a href={here({ group: null, filter: by === "jvm" || by === "host" ? group.name : `${by}=${group.name}` })}>Only these</a>
      </header>
      <div class={group.rows.length > 1 ? "group-body" : "group-body alone"}>
        {group.rows.length > 1 && <Curves group={group} />}
        <Members group={group} by={by} from={from} to={to} />
      </div>
    </section>
  );
}

function Curves({ group }: { readonly group: Group }) {
  const { times, lines } = useMemo(() => curvesOf(group, CURVES), [group]);
  return (
    <div class="group-chart">
      <TimeChart title="Heap after GC" times={times} lines={lines} interval={0} unit="bytes" height={138} legendLimit={6} note={group.rows.length > CURVES ? `of the ${CURVES} that grow most` : undefined} />
    </div>
  );
}

/** Beside a chart the rows need no curves of their own. */
function Members({ group, by, from, to }: CardProps) {
  const [all, setAll] = useState(false);
  const columns = useMemo(() => {
    const left = new Set([by, "labels", ...(group.rows.length > 1 ? ["heap_after_gc", "pause_share", "restarts"] : [])]);
    if (group.rows.every((row) => row.host === row.jvm)) left.add("host");
    return COLUMNS(from, to).filter((column) => !left.has(column.key));
  }, [from, to, by, group]);
  const rows = all ? group.rows : group.rows.slice(0, ROWS_A_GROUP);
  return (
    <div class="group-rows" tabIndex={0} role="region" aria-label={`JVMs of ${group.name}`}>
      <table>
        <thead><tr>{columns.map((column) => <th key={column.key} scope="col" class={column.number ? "number" : ""} style={column.width ? { width: column.width } : {}}>{column.title}</th>)}</tr></thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={rowKey(row)} class={`jvm-${row.state}`}>
              {columns.map((column) => <td key={column.key} class={column.number ? "number" : ""} title={column.hover?.(row)}>
                {column.key === "host" && by === "jvm" ? <a class="strong" href={jvmLink(row)}>{column.cell(row, index)}</a> : column.cell(row, index)}
              </td>)}
            </tr>
          ))}
        </tbody>
      </table>
      {group.rows.length > rows.length && <button type="button" class="quiet" onClick={() => setAll(true)}>Show all {group.rows.length}</button>}
    </div>
  );
}

function Verdict({ group, rising }: { readonly group: Group; readonly rising: readonly FleetRow[] }) {
  const suspect = commonSuspect(rising);
  if (rising.length < 2) return null;
  const rates = rising.map((row) => row.growth_per_hour ?? 0).sort((a, b) => a - b);
  return (
    <span class="verdict">
      {rising.length} of {group.rows.length} still grow, {rate(rates[0], undefined, "h")} to {rate(rates[rates.length - 1], undefined, "h")}
      {suspect && <> · on {suspect.hosts} by <a href={link("/class", { class: suspect.name })}><ClassName name={suspect.name} /></a></>}
    </span>
  );
}
