/** What monitors say: all of them, or one with its groups, its history, and when it would have fired. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { send } from "../../api/client";
import { liveFilter } from "../../api/live";
import { asApiError, useApi } from "../../api/resource";
import { who } from "../../api/session";
import type { MonitorHistory, MonitorRow, Monitors as Answer, OneMonitor, Silence, Silences, Tried } from "../../api/types";
import { count, exact } from "../../lib/format";
import { link, path } from "../../lib/router";
import { LabelValues, plain, Time } from "../../lib/text";
import { now, span } from "../../lib/view";
import { Card, Part } from "../doors/card";
import { said, stripOf } from "./rows";

export default function Monitors() {
  const name = decodeURIComponent(path.value.slice("/monitors/".length));
  useEffect(() => {
    document.title = `${name || "Monitors"} · heapwatch`;
    liveFilter.value = {};
  }, [name]);
  const tick = Math.floor(now.value / 5000);
  const silences = useApi<Silences>("monitors/silences", {}, tick);
  return (
    <section class="page monitors">
      <div class="bar"><h1>{name ? plain(name) : "Monitors"}</h1><span class="spacer" />{name && <a class="button" href={link("/monitors")}>All monitors</a>}</div>
      {name ? <One name={name} tick={tick} onSilence={silences.reload} /> : <All tick={tick} />}
      <Card title="Silences"><Part of={silences}>{(data) => <Quiet rows={data.silences.filter((one) => one.ends > now.value)} onDone={silences.reload} />}</Part></Card>
    </section>
  );
}

const mayAct = () => who.value?.scopes.includes("act") ?? false;
const State = ({ value }: { readonly value: string }) => <span class="monitor-state" data-state={value}>{said(value)}</span>;

function All({ tick }: { readonly tick: number }) {
  const answer = useApi<Answer>("monitors", {}, tick);
  return (
    <Card title="All" {...(answer.data?.monitors.length ? { note: count(answer.data.monitors.length) } : {})}>
      <Part of={answer}>{(data) => (data.monitors.length ? <Rows rows={data.monitors} /> : <p class="no-match">No monitors. The setting <code>monitors</code> of the server names a YAML file of them, or a folder.</p>)}</Part>
    </Card>
  );
}

const Rows = ({ rows }: { readonly rows: readonly MonitorRow[] }) => (
  <Wide label="Monitors">
    <thead><tr><th scope="col">State</th><th scope="col">Monitor</th><th scope="col">Kind</th><th scope="col" class="number">Groups</th><th scope="col">Since</th><th scope="col">Looks at</th></tr></thead>
    <tbody>{rows.map((row) => (
      <tr key={row.name}>
        <td>{row.enabled ? <State value={row.state} /> : "off"}</td><td><a href={link(`/monitors/${encodeURIComponent(row.name)}`)} title={plain(row.description)}>{plain(row.name)}</a></td><td>{row.kind}</td>
        <td class="number">{count(Object.values(row.counts).reduce((sum, one) => sum + one, 0))}</td><td><Time value={row.since} /></td><td><code>{plain(row.query)}</code></td>
      </tr>
    ))}</tbody>
  </Wide>
);

function One({ name, tick, onSilence }: { readonly name: string; readonly tick: number; readonly onSilence: () => void }) {
  const where = `monitors/${encodeURIComponent(name)}`;
  const { from, to } = span.value;
  const answer = useApi<OneMonitor>(where, {}, tick);
  const history = useApi<MonitorHistory>(`${where}/history`, { from, to }, tick);
  const [tried, setTried] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const past = useApi<Tried>(`${where}/backtest`, tried ? { from: tried.from, to: tried.to } : null);
  const [failed, setFailed] = useState("");
  const silence = () => send("monitors/silences", { method: "POST", body: { monitor: name, lasts: "1h" } }).then(onSilence, (error: unknown) => setFailed(asApiError(error).message));
  return (
    <>
      {failed && <p class="problem" role="alert">{plain(failed)}</p>}
      <Card title="Groups" aside={mayAct() && <button type="button" onClick={() => void silence()}>Silence for an hour</button>}>
        <Part of={answer}>{(data) => (
          <>
            <p class="note"><State value={data.state} /> {data.kind}: <code>{plain(data.query)}</code> {plain(data.description)}</p>
            {data.error && <p class="problem" role="alert">{plain(data.error)}</p>}
            {data.groups.length ? <Groups data={data} /> : <p class="no-match">No group yet.</p>}
          </>
        )}</Part>
      </Card>
      <Card title="History"><Part of={history}>{(data) => <Changes rows={data.transitions} from={from} to={to} none="It did not change in this time." />}</Part></Card>
      <Card title="Backtest" aside={<button type="button" onClick={() => setTried({ from: Math.round(from), to: Math.round(to) })}>Try it on this time</button>}>
        {tried ? <Part of={past}>{(data) => (
          <>
            <p class="note" role="status">It would have fired {data.fired === 1 ? "once" : `${data.fired} times`}, by {exact(data.looks)} looks{data.errors ? `, of which ${data.errors} failed` : ""}.</p>
            <Changes rows={[...data.transitions].reverse()} from={tried.from} to={tried.to} none="It would have stayed as it was." />
          </>
        )}</Part> : <p class="no-match">When it would have fired over what is stored of the time chosen above.</p>}
      </Card>
    </>
  );
}

const Groups = ({ data }: { readonly data: OneMonitor }) => (
  <Wide label="Groups">
    <thead><tr><th scope="col">State</th><th scope="col">Group</th><th scope="col" class="number">Value</th><th scope="col">Since</th><th scope="col">Why</th></tr></thead>
    <tbody>{data.groups.map((group) => (
      <tr key={JSON.stringify(group.labels)}><td><State value={group.state} /></td><td><LabelValues labels={group.labels} /></td><td class="number">{exact(group.value)}</td><td><Time value={group.since} /></td><td>{plain(group.text)}{group.silenced && ` (${plain(group.silenced)})`}</td></tr>
    ))}</tbody>
  </Wide>
);

/** A line a group over time, and below it each change in words. */
function Changes({ rows, from, to, none }: { readonly rows: MonitorHistory["transitions"]; readonly from: number; readonly to: number; readonly none: string }) {
  if (!rows.length) return <p class="no-match">{none}</p>;
  return (
    <>
      {stripOf(rows, from, to).map((line) => (
        <div class="monitor-strip" key={line.key}>
          <span class="note"><LabelValues labels={line.labels} /></span>
          <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">{line.parts.map((part) => <rect key={part.x} x={part.x} y="0" width={part.width} height="10" data-state={part.state} />)}</svg>
        </div>
      ))}
      <Wide label="Changes">
        <thead><tr><th scope="col">Time</th><th scope="col">Group</th><th scope="col">Was</th><th scope="col">Became</th><th scope="col" class="number">Value</th><th scope="col">Why</th></tr></thead>
        <tbody>{rows.map((row) => <tr key={`${row.time} ${JSON.stringify(row.labels)}`}><td><Time value={row.time} /></td><td><LabelValues labels={row.labels} /></td><td><State value={row.before} /></td><td><State value={row.after} /></td><td class="number">{exact(row.value)}</td><td>{plain(row.text)}</td></tr>)}</tbody>
      </Wide>
    </>
  );
}

function Quiet({ rows, onDone }: { readonly rows: readonly Silence[]; readonly onDone: () => void }) {
  const [failed, setFailed] = useState("");
  if (!rows.length) return <p class="no-match">Nothing is silenced.</p>;
  const end = (id: string) => send(`monitors/silences/${id}`, { method: "DELETE" }).then(onDone, (error: unknown) => setFailed(asApiError(error).message));
  return (
    <>
      {failed && <p class="problem" role="alert">{plain(failed)}</p>}
      <Wide label="Silences">
        <thead><tr><th scope="col">Monitor</th><th scope="col">Groups</th><th scope="col">Until</th><th scope="col">By</th><th scope="col">Note</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        <tbody>{rows.map((one) => <tr key={one.id}><td>{plain(one.monitor)}</td><td><LabelValues labels={one.match} /></td><td><Time value={one.ends} /></td><td><bdi>{plain(one.by)}</bdi></td><td>{plain(one.note)}</td><td class="actions">{mayAct() && <button type="button" onClick={() => void end(one.id)} aria-label={`End the silence of ${plain(one.monitor)}`}>End</button>}</td></tr>)}</tbody>
      </Wide>
    </>
  );
}

const Wide = ({ label, children }: { readonly label: string; readonly children: ComponentChildren }) => (
  <div class="sideways" tabIndex={0} role="group" aria-label={`${label}, a wide table`}><table class="plain-table" aria-label={label}>{children}</table></div>
);
