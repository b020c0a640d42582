/** Who it is, and its newest figures. */
import type { ComponentChildren } from "preact";
import type { FleetRow, LiveEvent } from "../../api/types";
import { spoken } from "../../charts/overlay";
import { CopyButton } from "../../lib/controls";
import { bytes, count, duration, exact, moment, ratio } from "../../lib/format";
import { link, written, place, merged } from "../../lib/router";
import { writeRange } from "../../lib/range";
import { Ago, Bytes, Count, Labels, Time, plain } from "../../lib/text";
import { span } from "../../lib/view";
import { Growth, HeapUse, State } from "../fleet/columns";
import type { Choice } from "./selection";

/** The present view with its range fixed, so that it shows the same to whoever opens it later. */
export function fixedLink(): string {
  const { from, to } = span.peek();
  return location.origin + written(place.peek().path, merged(place.peek().query, writeRange({ kind: "absolute", from, to })));
}

interface Props {
  readonly rows: readonly FleetRow[] | null;
  readonly choice: Choice;
  readonly events: readonly LiveEvent[];
}

const EVENTS = 4;

/** The newest of what the charts mark, as text. */
function Happened({ events: all }: { readonly events: readonly LiveEvent[] }) {
  const events = all.filter((event) => event.kind !== "leak"); // told with their sentence below
  return (
    <ul class="happened" aria-label="Newest events">
      {events.slice(-EVENTS).reverse().map((event) => (
        <li key={`${event.time} ${event.kind}`}><Time value={event.time} /> <span class="event-kind" data-kind={event.kind}>{plain(spoken(event.kind))}</span> {plain(event.text ?? "")}</li>
      ))}
      {events.length > EVENTS && <li class="hint">and {events.length - EVENTS} earlier</li>}
    </ul>
  );
}

export function Head({ rows, choice, events }: Props) {
  const newest = rows && [...rows].sort((a, b) => b.started - a.started)[0];
  const several = rows !== null && new Set(rows.map((row) => `${row.host} ${row.jvm}`)).size > 1;
  return (
    <>
      <div class="bar jvm-head">
        <nav class="crumbs" aria-label="Breadcrumbs"><a href={link("/")}>Fleet</a><span aria-hidden="true">/</span></nav>
        <h1><bdi>{plain(choice.jvm.join(", ") || "any JVM")}</bdi> <span class="on">on <bdi>{plain(choice.host.join(", ") || `${new Set(rows?.map((row) => row.host)).size || "all"} hosts`)}</bdi></span></h1>
        {newest && !several && <State state={newest.state} />}
        {newest && <Labels labels={newest.labels} most={5} />}
        <span class="spacer" />
        <CopyButton text={fixedLink} title="A link to this view with its range fixed">Copy link</CopyButton>
      </div>
      {newest && !several ? <Facts row={newest} /> : rows === null ? <div class="facts"><span class="skeleton wide" /></div> : <Hosts rows={rows} />}
      {events.length > 0 && <Happened events={events} />}
    </>
  );
}

function Fact({ name, children, note }: { readonly name: string; readonly children: ComponentChildren; readonly note?: ComponentChildren }) {
  return <div class="fact"><dt>{name}</dt><dd>{children}{note && <small>{note}</small>}</dd></div>;
}

function Facts({ row }: { readonly row: FleetRow }) {
  return (
    <>
      <dl class="facts">
        <Fact name="Heap after GC" note={row.heap_max ? `of ${bytes(row.heap_max)}` : undefined}><Bytes value={row.heap_after_gc} /></Fact>
        <Fact name="Growth"><Growth row={row} /></Fact>
        <Fact name="Heap used"><HeapUse used={row.heap_used} max={row.heap_max} /></Fact>
        <Fact name="Shallow bytes of all objects"><Bytes value={row.bytes} noun="bytes, shallow" /></Fact>
        <Fact name="Objects"><Count value={row.instances} noun="instances" /></Fact>
        <Fact name="Classes"><Count value={row.classes} noun="classes with instances" /></Fact>
        <Fact name="GC load">{ratio(row.gc_load)}</Fact>
        <Fact name="Pause for us" note={row.pause_share === null ? undefined : `${ratio(row.pause_share)} of the time${row.pause_budget === null ? "" : `, budget ${ratio(row.pause_budget)}`}`}><span title={row.pause_ms === null ? undefined : `${exact(row.pause_ms)} ms for the last histogram`}>{duration(row.pause_ms)}</span></Fact>
        <Fact name="Last sample"><Ago value={row.last_seen} /></Fact>
      </dl>
      <p class="identity">
        {[
          `pid ${row.pid}`, row.started > 0 && `started ${moment(row.started)}`, row.java && `Java ${row.java}`, row.collector, row.user && `user ${row.user}`,
          row.container && `in ${row.container}`, row.interval_s && `a histogram every ${duration(row.interval_s * 1000)}`,
          row.restarts ? `${row.restarts} restart${row.restarts === 1 ? "" : "s"} in this range` : "",
        ].filter(Boolean).map((text) => <span key={String(text)}>{plain(String(text))}</span>)}
        {row.command && <span class="command-line" title={row.command}>{plain(row.command)}</span>}
      </p>
    </>
  );
}

/** Several JVMs chosen at once: one line each, to pick one. */
function Hosts({ rows }: { readonly rows: readonly FleetRow[] }) {
  return (
    <ul class="hosts">
      {rows.slice(0, 12).map((row) => (
        <li key={`${row.host} ${row.jvm} ${row.started}`}>
          <a href={link("/jvm", { host: row.host, jvm: row.jvm })}><bdi>{plain(row.host)}</bdi> <bdi>{plain(row.jvm)}</bdi></a> <State state={row.state} /> <Bytes value={row.heap_after_gc} /> <Growth row={row} />
        </li>
      ))}
      {rows.length > 12 && <li>and {count(rows.length - 12)} more</li>}
    </ul>
  );
}
