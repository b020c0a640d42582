/** What a row of the fleet says. Keys are the names the server sorts by. */
import { Sparkline } from "../../charts/sparkline";
import type { FleetRow } from "../../api/types";
import { Verdict } from "../../leaks/badges";
import { fullBetween, fullIn, isNear } from "../../leaks/words";
import { bytes, duration, exact, rate, ratio } from "../../lib/format";
import { link } from "../../lib/router";
import type { Column } from "../../lib/table";
import { Ago, ClassName, LabelValues, Rate, plain } from "../../lib/text";

const HIGH_GC = 0.1;
const SOON_S = 86_400;

export const rowKey = (row: FleetRow) => `${row.host} ${row.jvm} ${row.pid} ${row.started}`;
export const jvmLink = (row: Pick<FleetRow, "host" | "jvm">) => link("/jvm", { host: row.host, jvm: row.jvm });

export function State({ state }: { readonly state: string }) {
  const help: Readonly<Record<string, string>> = {
    up: "Samples arrive",
    silent: "Not gone, but nothing has arrived for a while: agent stopped, host away or JVM stuck",
    exited: "The process has ended",
  };
  return <span class={`state ${state}`} title={help[state]}>{state}</span>;
}

export function HeapUse({ used, max }: { readonly used: number | null; readonly max: number | null }) {
  if (used === null) return <span class="none">–</span>;
  const share = max ? Math.min(1, used / max) : null;
  return (
    <span class="heap-use" title={`${exact(used, "bytes")} used${max ? ` of ${exact(max, "bytes")} (${ratio(used / max)})` : ""}`}>
      <span class="heap-text">{bytes(used)}{max ? <i> / {bytes(max)}</i> : null}</span>
      {share !== null && <span class="meter" data-full={share > 0.9}><span style={{ width: `${share * 100}%` }} /></span>}
    </span>
  );
}

/** Growth stands out when it would fill the heap within two days. */
export function Growth({ row }: { readonly row: Pick<FleetRow, "growth_per_hour" | "heap_max"> }) {
  return <Rate value={row.growth_per_hour} per="h" notable={(row.heap_max ?? 0) / 48} />;
}

/** A budget is kept over time: one dear histogram is no breach yet. */
function overBudget(row: FleetRow): boolean {
  return row.pause_share !== null && row.pause_budget !== null && row.pause_share > 1.5 * row.pause_budget;
}

/** The first leak leads to what is known of it; how many more there are is said. */
function Suspect({ leaks }: { readonly leaks: FleetRow["leaks"] }) {
  const first = leaks[0];
  if (!first) return null;
  return (
    <span class="grower suspect" data-state={first.state}>
      <a href={link(`/leaks/${encodeURIComponent(first.id)}`)}><ClassName name={first.class} short /></a>
      {leaks.length > 1 && <span class="grower-rate">and {leaks.length - 1} more</span>}
    </span>
  );
}

export const COLUMNS = (from: number, to: number): readonly Column<FleetRow>[] => [
  { key: "state", title: "State", width: "72px", cell: (row) => <State state={row.state} /> },
  { key: "verdict", title: "Verdict", width: "116px", help: "Whether anything leaks in this life of the JVM", cell: (row) => <Verdict verdict={row.verdict} reason={plain(row.verdict_reason)} /> },
  { key: "jvm", title: "JVM", width: "8%", cell: (row) => <a class="strong" href={jvmLink(row)}><bdi>{plain(row.jvm)}</bdi></a>, hover: (row) => `${row.jvm}\npid ${row.pid}, ${row.java || "Java version unknown"}${row.collector ? `, ${row.collector}` : ""}${row.user ? `, user ${row.user}` : ""}` },
  { key: "host", title: "Host", width: "6.5%", cell: (row) => <bdi>{plain(row.host)}</bdi>, hover: (row) => row.host },
  { key: "labels", title: "Labels", width: "7.5%", sortable: false, cell: (row) => <LabelValues labels={row.labels} /> },
  {
    key: "heap_after_gc", title: "Heap after GC", width: "138px", help: "Heap in use after collections over the range, under its limit (dashed)",
    cell: (row) => <Sparkline times={row.spark.times} values={row.spark.values} limit={row.heap_max} from={from} to={to} width={118} height={28} label={`Heap after collections, now ${bytes(row.heap_after_gc)} of ${bytes(row.heap_max)}`} />,
    hover: (row) => `${bytes(row.heap_after_gc)} after the last collection${row.heap_max ? `, limit ${bytes(row.heap_max)}` : ""}`,
  },
  {
    key: "full_in_s", title: "Full in", number: true, width: "88px", help: "When heap, metaspace, threads or container memory end, by the leaks that are known",
    cell: (row) => (!isNear(row.full_in_s) ? <span class="none">–</span> : <span class={row.full_in_s < SOON_S ? "warn" : ""}>{fullIn(row.full_in_s)}</span>),
    hover: (row) => (!isNear(row.full_in_s) ? undefined : `${row.full_of ?? "heap"}: ${fullBetween(row.full_between_s)}`),
  },
  { key: "heap_used", title: "Heap used", number: true, width: "140px", cell: (row) => <HeapUse used={row.heap_used} max={row.heap_max} /> },
  { key: "growth_per_hour", title: "Growth", number: true, width: "98px", help: "Of the heap after collections, over the range", cell: (row) => <Growth row={row} /> },
  {
    key: "top_class", title: "Suspect (shallow)", sortable: false, help: "The class that leaks; where none is known, the one whose shallow bytes grow fastest",
    cell: (row) => row.leaks.length ? <Suspect leaks={row.leaks} /> : row.top_class && row.top_class.bytes_per_min ? (
      <span class="grower">
        <a href={link("/class", { class: row.top_class.class })}><ClassName name={row.top_class.class} short /></a>
        <span class={`grower-rate ${(row.top_class.bytes_per_min * 2880) > (row.heap_max ?? 0) ? "notable" : ""}`}>{rate(row.top_class.bytes_per_min)}</span>
      </span>
    ) : <span class="none">–</span>,
    hover: (row) => row.leaks.length ? row.leaks.map((leak) => `${plain(leak.class)}: ${leak.state}`).join("\n") : row.top_class ? `${plain(row.top_class.class)}\n${exact(row.top_class.bytes_per_min, "bytes per minute, shallow")}` : undefined,
  },
  { key: "gc_load", title: "GC load", number: true, width: "70px", help: "Share of time spent in collections", cell: (row) => <span class={(row.gc_load ?? 0) > HIGH_GC ? "warn" : ""}>{ratio(row.gc_load)}</span> },
  { key: "last_seen", title: "Last sample", number: true, width: "92px", cell: (row) => <Ago value={row.last_seen} /> },
  {
    key: "pause_share", title: "Our pause", number: true, width: "82px", help: "Time the application stood still for our histograms; more than the agent's budget stands out",
    cell: (row) => <span class={overBudget(row) ? "warn" : ""}>{ratio(row.pause_share)}</span>,
    hover: (row) => `last ${duration(row.pause_ms)}${row.interval_s ? `, every ${duration(row.interval_s * 1000)}` : ""}${row.pause_budget === null ? "" : `; budget ${ratio(row.pause_budget)}`}`,
  },
  { key: "restarts", title: "Restarts", number: true, width: "72px", help: "In the range", cell: (row) => row.restarts ?? "–", hover: (row) => row.last_event ? `${row.last_event.kind.replace(/_/g, " ")}: ${row.last_event.text ?? ""}` : undefined },
];
