/** What arrives from where, what was refused and why, and how the server itself is. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import { Failure } from "../../lib/controls";
import { bytes, count, duration, exact } from "../../lib/format";
import { Ago, Time, plain } from "../../lib/text";
import { now } from "../../lib/view";
import { agentsOf, doorsOf, factsOf, type Rejects, type Status as Answer } from "./read";

export default function Status() {
  useEffect(() => {
    document.title = "Agents & doors · heapwatch";
    liveFilter.value = {};
  }, []);
  const tick = Math.floor(now.value / 5000);
  const status = useApi<Answer>("status", { _: tick });
  const rejects = useApi<Rejects>("ingest/rejects", { _: tick });
  if (status.error && !status.data) return <Failure error={status.error} onRetry={status.reload} />;
  if (!status.data) return <div class="page-loading" aria-busy="true"><span class="skeleton wide" /><span class="skeleton tall" /></div>;
  return (
    <section class="page status">
      <div class="bar"><h1>Agents &amp; doors</h1></div>
      {status.error && <Failure error={status.error} onRetry={status.reload} known />}
      <dl class="facts">
        {factsOf(status.data).map(({ name, value, title }) => <div class="fact" key={name}><dt>{name}</dt><dd title={title}>{value}</dd></div>)}
      </dl>
      <Agents answer={status.data} />
      <Doors answer={status.data} />
      <Refused answer={rejects.data} />
    </section>
  );
}

function Card({ title, note, children }: { readonly title: string; readonly note?: string; readonly children: ComponentChildren }) {
  return <section class="card"><header><h2>{title}</h2>{note && <span class="note">{note}</span>}</header>{children}</section>;
}

function Agents({ answer }: { readonly answer: Answer }) {
  const agents = agentsOf(answer);
  if (!agents.length) return <Card title="Agents"><p class="no-match">No agent has sent anything. <code>heapwatch-agent run --server {location.origin}</code> starts one.</p></Card>;
  return (
    <Card title="Agents" note={count(agents.length)}>
      <table class="plain-table">
        <thead><tr><th scope="col">Agent</th><th scope="col">Host</th><th scope="col">Version</th><th scope="col" class="number">Last batch</th><th scope="col" class="number">Sequence</th><th scope="col" class="number">Lag</th></tr></thead>
        <tbody>
          {agents.map((agent) => (
            <tr key={agent.id}>
              <td><bdi>{plain(agent.id)}</bdi></td><td><bdi>{plain(agent.host)}</bdi></td><td>{plain(agent.version)}</td>
              <td class="number"><Ago value={agent.lastSeen} /></td><td class="number" title={exact(agent.sequence)}>{count(agent.sequence)}</td><td class="number">{duration(agent.lag)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Doors({ answer }: { readonly answer: Answer }) {
  const doors = doorsOf(answer);
  return (
    <Card title="Doors" note="where data comes in">
      <table class="plain-table">
        <thead><tr><th scope="col">Door</th><th scope="col">Address</th><th scope="col">Counted since start</th></tr></thead>
        <tbody>
          {doors.map((door) => (
            <tr key={door.name + door.address}>
              <td>{plain(door.name)}</td><td><code>{plain(door.address)}</code></td>
              <td class="counters">{door.counters.map(([name, value]) => <span key={name} title={exact(value)}><i>{name.replace(/_/g, " ")}</i> {name.includes("bytes") ? bytes(value) : count(value)}</span>)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Refused({ answer }: { readonly answer: Rejects | null }) {
  if (!answer) return null;
  const counts = Object.entries(answer.counts ?? {}).flatMap(([door, reasons]) => Object.entries(reasons).map(([reason, number]) => ({ door, reason, number })));
  return (
    <Card title="Refused" note={counts.length ? counts.map(({ door, reason, number }) => `${door} ${reason}: ${count(number)}`).join(" · ") : "nothing"}>
      {answer.rejects.length > 0 ? (
        <table class="plain-table">
          <thead><tr><th scope="col">Time</th><th scope="col">Door</th><th scope="col">From</th><th scope="col">Reason</th><th scope="col">What came</th></tr></thead>
          <tbody>
            {answer.rejects.map((reject, index) => (
              <tr key={index}>
                <td><Time value={reject.time} /></td><td>{plain(reject.door)}</td><td><bdi>{plain(reject.peer ?? "")}</bdi></td><td>{plain(reject.reason)}</td>
                <td class="sample"><code>{plain(reject.sample ?? "")}</code></td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="no-match">Everything that came was understood.</p>
      )}
    </Card>
  );
}
