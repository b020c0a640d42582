/** Agents: when each came last, how far it is behind, and what it costs the JVMs of its host. */
import { usePost } from "../../api/resource";
import type { AgentRow, QueryAnswer } from "../../api/types";
import { Filter } from "../../lib/controls";
import { bytes, count, duration, exact, NONE, ratio } from "../../lib/format";
import { patch, query } from "../../lib/router";
import { sortOf, Table, type Column } from "../../lib/table";
import { Ago, plain } from "../../lib/text";
import { now } from "../../lib/view";
import { Card } from "./card";
import { agentLines, byHost, shownAgents, spooled, type AgentLine } from "./rows";

const ROW = 30;
const FEW = 12;
const COARSE = 30_000; // ms: what a histogram costs changes slowly

const COLUMNS: readonly Column<AgentLine>[] = [
  { key: "id", title: "Agent", cell: (line) => <bdi>{plain(line.id)}</bdi>, hover: (line) => line.id },
  { key: "host", title: "Host", cell: (line) => <bdi>{plain(line.host)}</bdi>, hover: (line) => line.host },
  { key: "version", title: "Version", width: "90px", cell: (line) => plain(line.version) },
  { key: "last_seen", title: "Last batch", width: "110px", number: true, cell: (line) => <Ago value={line.last_seen || null} /> },
  { key: "lag_ms", title: "Lag", width: "90px", number: true, help: "How old its newest data was when it came: it grows while a spool is worked off", cell: (line) => duration(line.lag_ms) },
  { key: "spool_bytes", title: "Spool", width: "100px", number: true, help: "What waited on its disk when it made the newest batch that has come, for the sink that is furthest behind", cell: (line) => (line.spool_bytes ? bytes(line.spool_bytes) : NONE), hover: spooled },
  { key: "sequence", title: "Batches", width: "90px", number: true, help: "The number of its last batch", cell: (line) => count(line.sequence), hover: (line) => exact(line.sequence) },
  { key: "interval_s", title: "Interval", width: "90px", number: true, help: "Between two histograms, the longest of its JVMs", cell: (line) => duration(line.interval_s === null ? null : line.interval_s * 1000) },
  { key: "use", title: "Pause budget", width: "120px", number: true, help: "How much of the time that our histograms may pause a JVM is used, the most of its JVMs", cell: (line) => (line.use === null ? "–" : `${ratio(line.use)} used`), hover: (line) => (line.share === null ? undefined : `${ratio(line.share)} of the time, ${ratio(line.budget)} allowed`) },
];

function useCost(metric: string, tick: number): ReadonlyMap<string, number> {
  return byHost(usePost<QueryAnswer>("query", { query: `metric=${metric} | max by host`, from: "-15m", to: "now" }, tick).data);
}

export function Agents({ agents, whole }: { readonly agents: readonly AgentRow[]; readonly whole: boolean }) {
  const tick = Math.floor(now.value / COARSE);
  const shares = useCost("heapwatch.pause_share", tick);
  const budgets = useCost("heapwatch.pause_budget", tick);
  const intervals = useCost("heapwatch.interval_s", tick);
  const text = query.value.get("agent") ?? "";
  const sort = sortOf(query.value, { key: "host", order: "asc" });
  const lines = shownAgents(agentLines(agents, shares, budgets, intervals), text, sort);
  if (!agents.length) return <Card title="Agents"><p class="no-match">No agent has sent anything. <code>heapwatch-agent run --server {location.origin}</code> starts one.</p></Card>;
  const height = Math.min(lines.length, whole ? 24 : FEW) * ROW + 34;
  return (
    <Card title="Agents" note={lines.length === agents.length ? count(agents.length) : `${count(lines.length)} of ${count(agents.length)}`}
      aside={<Filter label="Agents" placeholder="agent, host or version" value={text} onChange={(agent) => patch({ agent })} />}>
      <Table label="Agents" columns={COLUMNS} total={lines.length} rowAt={(index) => lines[index]} rowKey={(line) => line.id} rowHeight={ROW} height={`${Math.max(height, 90)}px`} minWidth="960px"
        sort={sort} onSort={({ key, order }) => patch({ sort: key, order })} empty={<p class="no-match">No agent is called so.</p>} />
    </Card>
  );
}
