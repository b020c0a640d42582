/** What arrives from where, what was refused and why, and how the server itself is. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import { isAdmin } from "../../api/session";
import type { Rejects, Status as Answer } from "../../api/types";
import { Failure } from "../../lib/controls";
import { bytes, count, duration, exact, moment } from "../../lib/format";
import { link } from "../../lib/router";
import { Ago, Time, plain } from "../../lib/text";
import { now } from "../../lib/view";

export default function Status() {
  useEffect(() => {
    document.title = "Agents & doors · heapwatch";
    liveFilter.value = {};
  }, []);
  const tick = Math.floor(now.value / 5000);
  const status = useApi<Answer>("status", {}, tick);
  const rejects = useApi<Rejects>("ingest/rejects", {}, tick);
  if (status.error && !status.data) return <Failure error={status.error} onRetry={status.reload} />;
  if (!status.data) return <div class="page-loading" aria-busy="true"><span class="skeleton wide" /><span class="skeleton tall" /></div>;
  return (
    <section class="page status">
      <div class="bar"><h1>Agents &amp; doors</h1><span class="spacer" />{isAdmin.value && <a class="button" href={link("/audit")}>What was changed</a>}</div>
      {status.error && <Failure error={status.error} onRetry={status.reload} known />}
      {status.data.problems.map((problem) => <p class="warnings" role="alert" key={problem}>{plain(problem)}</p>)}
      <Facts answer={status.data} />
      <Agents answer={status.data} />
      <Doors answer={status.data} />
      <Refused answer={rejects.data} />
    </section>
  );
}

function Facts({ answer }: { readonly answer: Answer }) {
  const rows = Object.values(answer.rows).reduce((sum, one) => sum + one, 0);
  const kept = Object.entries(answer.retention ?? {}).map(([name, days]) => `${name.replace(/_/g, " ")}: ${days}`).join("\n");
  const facts = [
    { name: "Version", value: answer.version },
    { name: "Up for", value: duration(answer.uptime_s * 1000), title: `since ${moment(answer.started)}` },
    { name: "Engine", value: answer.engine },
    { name: "Rows", value: count(rows), title: Object.entries(answer.rows).map(([table, number]) => `${table}: ${exact(number)}`).join("\n") },
    { name: "On disk", value: bytes(answer.disk_bytes), title: [exact(answer.disk_bytes, "bytes"), kept && `kept, ${kept}`].filter(Boolean).join("\n") },
    { name: "Bytes a row", value: rows ? (answer.disk_bytes / rows).toFixed(1) : "–" },
  ];
  return (
    <dl class="facts">
      {facts.map(({ name, value, title }) => <div class="fact" key={name}><dt>{name}</dt><dd title={title}>{value}</dd></div>)}
    </dl>
  );
}

function Card({ title, note, children }: { readonly title: string; readonly note?: string; readonly children: ComponentChildren }) {
  return <section class="card"><header><h2>{title}</h2>{note && <span class="note">{note}</span>}</header>{children}</section>;
}

function Agents({ answer }: { readonly answer: Answer }) {
  const { agents } = answer;
  if (!agents.length) return <Card title="Agents"><p class="no-match">No agent has sent anything. <code>heapwatch-agent run --server {location.origin}</code> starts one.</p></Card>;
  return (
    <Card title="Agents" note={count(agents.length)}>
      <table class="plain-table">
        <thead><tr><th scope="col">Agent</th><th scope="col">Host</th><th scope="col">Version</th><th scope="col" class="number">Last batch</th><th scope="col" class="number">Sequence</th><th scope="col" class="number">Lag</th></tr></thead>
        <tbody>
          {agents.map((agent) => (
            <tr key={agent.id}>
              <td><bdi>{plain(agent.id)}</bdi></td><td><bdi>{plain(agent.host)}</bdi></td><td>{plain(agent.version)}</td>
              <td class="number"><Ago value={agent.last_seen || null} /></td><td class="number" title={exact(agent.sequence)}>{count(agent.sequence)}</td><td class="number">{duration(agent.lag_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Doors({ answer }: { readonly answer: Answer }) {
  const { doors } = answer;
  return (
    <Card title="Doors" note="where data comes in, counted since the server started">
      <table class="plain-table">
        <thead><tr><th scope="col">Door</th><th scope="col">Address</th><th scope="col" class="number">Requests</th><th scope="col" class="number">Bytes</th><th scope="col" class="number">Samples</th><th scope="col" class="number">Open</th><th scope="col" class="number">Last</th></tr></thead>
        <tbody>
          {doors.map((door) => (
            <tr key={door.name + door.address}>
              <td>{plain(door.name)}</td><td><code>{plain(door.address)}</code></td>
              <td class="number" title={exact(door.requests)}>{count(door.requests)}</td><td class="number" title={exact(door.bytes)}>{bytes(door.bytes)}</td><td class="number" title={exact(door.samples)}>{count(door.samples)}</td>
              <td class="number">{count(door.open)}</td><td class="number"><Ago value={door.last || null} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Refused({ answer }: { readonly answer: Rejects | null }) {
  if (!answer) return null;
  const counts = Object.entries(answer.counts).flatMap(([door, reasons]) => Object.entries(reasons).map(([reason, number]) => ({ door, reason, number })));
  return (
    <Card title="Refused" note={counts.length ? counts.map(({ door, reason, number }) => `${door} ${reason}: ${count(number)}`).join(" · ") : "nothing"}>
      {answer.rejects.length > 0 ? (
        <table class="plain-table">
          <thead><tr><th scope="col">Time</th><th scope="col">Door</th><th scope="col">From</th><th scope="col">Reason</th><th scope="col">What came</th></tr></thead>
          <tbody>
            {answer.rejects.map((reject, index) => (
              <tr key={index}>
                <td><Time value={reject.time} /></td><td>{plain(reject.door)}</td><td><bdi>{plain(reject.peer)}</bdi></td><td title={plain(reject.detail)}>{plain(reject.reason)}</td>
                <td class="sample"><code>{plain(reject.sample)}</code></td>
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
