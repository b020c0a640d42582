/** One monitor: its groups, what it looks at, how it was, and when it would have fired. */
import { useMemo, useState } from "preact/hooks";
import { useApi } from "../../api/resource";
import { exact } from "../../lib/format";
import { LabelValues, plain, Time } from "../../lib/text";
import { span } from "../../lib/view";
import { Card, Part } from "../doors/card";
import { mayAct } from "../workflows/fresh";
import { Wide } from "../workflows/parts";
import { Chart } from "./chart";
import { askedOf, firedOf, marksOf, said, spokenOf, stripOf, type Line } from "./rows";
import { Silencing, type Whom } from "./silences";
import type { MonitorHistory, OneMonitor, Tried } from "../../api/types";

type Changed = MonitorHistory["transitions"];

const STRIPS = 30;

export const State = ({ value }: { readonly value: string }) => <span class="monitor-state" data-state={value}>{said(value)}</span>;

export function One({ name, tick, onSilence }: { readonly name: string; readonly tick: number; readonly onSilence: () => void }) {
  const where = `monitors/${encodeURIComponent(name)}`;
  const { from, to } = span.value;
  const answer = useApi<OneMonitor>(where, {}, tick);
  const history = useApi<MonitorHistory>(`${where}/history`, { from, to }, tick);
  const [tried, setTried] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const past = useApi<Tried>(`${where}/backtest`, tried ? { from: tried.from, to: tried.to } : null);
  const [whom, setWhom] = useState<Whom | null>(null);
  const [recorded, fired] = [history.data?.transitions, tried ? past.data?.transitions : undefined];
  const markers = useMemo(() => [...marksOf(recorded ?? []), ...firedOf(fired ?? [])], [recorded, fired]);
  const asked = answer.data && askedOf(answer.data);
  return (
    <>
      <Card title="Groups" aside={mayAct() && <button type="button" onClick={() => setWhom({ monitor: name, match: {} })}>Silence</button>}>
        <Part of={answer}>{(data) => (
          <>
            <p class="note"><State value={data.state} /> {data.kind}: <code>{plain(data.query)}</code> {plain(data.description)}</p>
            {data.error && <p class="problem" role="alert">{plain(data.error)}</p>}
            {data.groups.length ? <Groups data={data} onSilence={setWhom} /> : <p class="no-match">No group yet.</p>}
          </>
        )}</Part>
      </Card>
      {answer.data && asked && <Chart monitor={answer.data} asked={asked} markers={markers} />}
      <Card title="History"><Part of={history}>{(data) => (
        <Changes rows={data.transitions} lines={stripOf(data.transitions, from, to, answer.data?.groups, labelsOf(answer.data))} none="It did not change in this time." />
      )}</Part></Card>
      <Card title="Backtest" aside={<button type="button" onClick={() => setTried({ from: Math.round(from), to: Math.round(to) })}>Try it on this time</button>}>
        {tried ? <Part of={past}>{(data) => (
          <>
            <p class="note" role="status">It would have fired {data.fired === 1 ? "once" : `${data.fired} times`}, by {exact(data.looks)} looks{data.errors ? `, of which ${data.errors} failed` : ""}.</p>
            <Changes rows={[...data.transitions].reverse()} lines={stripOf([...data.transitions].reverse(), tried.from, tried.to)} none="It would have stayed as it was." />
          </>
        )}</Part> : <p class="no-match">When it would have fired over what is stored of the time chosen above.</p>}
      </Card>
      {whom && <Silencing whom={whom} onClose={() => setWhom(null)} onDone={onSilence} />}
    </>
  );
}

/** The labels that the monitor adds to those of its groups. */
const labelsOf = (data: OneMonitor | null) => (data?.settings["labels"] ?? {}) as Readonly<Record<string, string>>;

const Groups = ({ data, onSilence }: { readonly data: OneMonitor; readonly onSilence: (whom: Whom) => void }) => (
  <Wide label="Groups">
    <thead><tr><th scope="col">State</th><th scope="col">Group</th><th scope="col" class="number">Value</th><th scope="col">Since</th><th scope="col">Why</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
    <tbody>{data.groups.map((group) => (
      <tr key={JSON.stringify(group.labels)}>
        <td><State value={group.state} /></td><td><LabelValues labels={group.labels} /></td><td class="number">{exact(group.value)}</td><td><Time value={group.since} /></td><td>{plain(group.text)}{group.silenced && ` (${plain(group.silenced)})`}</td>
        <td class="actions">{mayAct() && !group.silenced && Object.keys(group.labels).length > 0 && <button type="button" onClick={() => onSilence({ monitor: data.name, match: group.labels })} aria-label={`Silence ${Object.values(group.labels).map(plain).join(" · ")}`}>Silence</button>}</td>
      </tr>
    ))}</tbody>
  </Wide>
);

/** A line a group over time, and below it each change in words. */
function Changes({ rows, lines, none }: { readonly rows: Changed; readonly lines: readonly Line[]; readonly none: string }) {
  return (
    <>
      {lines.slice(0, STRIPS).map((line) => (
        <div class="monitor-strip" key={line.key}>
          <span class="note"><LabelValues labels={line.labels} /></span>
          <svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={spokenOf(line)}>{line.parts.map((part) => <rect key={part.x} x={part.x} y="0" width={part.width} height="10" data-state={part.state} />)}</svg>
        </div>
      ))}
      {lines.length > STRIPS && <p class="note">and {lines.length - STRIPS} groups more</p>}
      {rows.length === 0 ? <p class="no-match">{none}</p> : (
        <Wide label="Changes">
          <thead><tr><th scope="col">Time</th><th scope="col">Group</th><th scope="col">Was</th><th scope="col">Became</th><th scope="col" class="number">Value</th><th scope="col">Why</th></tr></thead>
          <tbody>{rows.map((row) => <tr key={`${row.time} ${JSON.stringify(row.labels)}`}><td><Time value={row.time} /></td><td><LabelValues labels={row.labels} /></td><td><State value={row.before} /></td><td><State value={row.after} /></td><td class="number">{exact(row.value)}</td><td>{plain(row.text)}</td></tr>)}</tbody>
        </Wide>
      )}
    </>
  );
}
