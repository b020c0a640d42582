/** All workflows: what waits for somebody, what there is, what ran, and the switch that stops everything. */
import { useEffect, useState } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import { count } from "../../lib/format";
import { link, patch, query } from "../../lib/router";
import { Ago, LabelValues, plain, Time } from "../../lib/text";
import { Card, Part } from "../doors/card";
import { Waiting } from "./approvals";
import { RunNow, Throw } from "./dialogs";
import { mayAct, useFresh } from "./fresh";
import { Folded, State, Took, Wide } from "./parts";
import { began, block, leave, said, STATES, underWay } from "./rows";
import type { Approvals, Run, Runs, Switch, WorkflowRow, Workflows as Answer } from "../../api/types";

const EXAMPLE = `workflow: evidence
on: manual
steps:
  - {id: look, do: jvm.histogram, with: {host: "{{ labels.host }}", jvm: "{{ labels.jvm }}"}}
`;
const NEWEST = 100;

export default function Workflows() {
  useEffect(() => {
    document.title = "Workflows · heapwatch";
    liveFilter.value = {};
  }, []);
  const [busy, setBusy] = useState(false);
  const [moment, again] = useFresh(busy);
  const state = query.value.get("state");
  const workflow = query.value.get("workflow");
  const answer = useApi<Answer>("workflows", {}, moment);
  const approvals = useApi<Approvals>("approvals", {}, moment);
  const runs = useApi<Runs>("runs", { state, workflow, limit: NEWEST }, moment);
  const going = (answer.data?.workflows.some((row) => row.running > 0) ?? false) || (runs.data?.runs.some((run) => underWay(run.state)) ?? false);
  useEffect(() => setBusy(going), [going]);
  const known = answer.data?.switch;
  return (
    <section class="page workflows">
      <div class="bar"><h1>Workflows</h1><span class="spacer" />{known && !known.stopped && answer.data?.configured && <Throwing known={known} onDone={again} />}</div>
      {known?.stopped && <Stopped known={known} onDone={again} />}
      {approvals.data && approvals.data.approvals.length > 0 && (
        <Card title="Waits for approval" note={count(approvals.data.approvals.length)}>
          {approvals.data.approvals.map((asked) => <Waiting key={`${asked.run} ${asked.step}`} asked={asked} onDone={again} />)}
        </Card>
      )}
      {approvals.error && <Part of={approvals}>{() => null}</Part>}
      <Card title="All" {...(answer.data?.workflows.length ? { note: count(answer.data.workflows.length) } : {})}>
        <Part of={answer}>{(data) => (data.workflows.length ? <Rows rows={data.workflows} stopped={data.switch.stopped} /> : <None configured={data.configured} />)}</Part>
      </Card>
      <Card title="Runs" note="the newest first" aside={<Choices state={state ?? ""} workflow={workflow ?? ""} names={answer.data?.workflows.map((row) => row.name) ?? []} />}>
        <Part of={runs}>{(data) => (data.runs.length ? <RunRows runs={data.runs} /> : <p class="no-match">{state || workflow ? "No run like that." : "Nothing ran yet."}</p>)}</Part>
      </Card>
    </section>
  );
}

function Throwing({ known, onDone }: { readonly known: Switch; readonly onDone: () => void }) {
  const [open, setOpen] = useState(false);
  if (!mayAct()) return null;
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>{known.stopped ? "Let them run again" : "Stop all"}</button>
      {open && <Throw known={known} onClose={() => setOpen(false)} onDone={onDone} />}
    </>
  );
}

const Stopped = ({ known, onDone }: { readonly known: Switch; readonly onDone: () => void }) => (
  <div class="banner" role="status">
    <strong>All workflows are stopped.</strong>
    <span>By <bdi>{plain(known.by)}</bdi>{known.at ? <>, <Ago value={known.at} /></> : null}{known.note && <>: {plain(known.note)}</>}</span>
    <Throwing known={known} onDone={onDone} />
  </div>
);

const None = ({ configured }: { readonly configured: boolean }) => (
  <div class="nothing">
    <p>{configured ? "The file of workflows holds none." : <>No workflows. The setting <code>workflows</code> of the server (<code>heapwatch serve --workflows FILE</code>) names a YAML file of them, or a folder.</>} The shortest one:</p>
    <pre class="example" tabIndex={0} aria-label="The shortest workflow">{EXAMPLE}</pre>
    <p class="note"><code>heapwatch workflow check FILE</code> says what is wrong in a file, with line and column.</p>
  </div>
);

const Rows = ({ rows, stopped }: { readonly rows: readonly WorkflowRow[]; readonly stopped: boolean }) => (
  <Wide label="Workflows">
    <thead><tr><th scope="col">Workflow</th><th scope="col">Begins</th><th scope="col">Steps</th><th scope="col">Destructive steps are</th><th scope="col">Last run</th><th scope="col" class="number">Running</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
    <tbody>{rows.map((row) => <Row key={row.name} row={row} stopped={stopped} />)}</tbody>
  </Wide>
);

function Row({ row, stopped }: { readonly row: WorkflowRow; readonly stopped: boolean }) {
  const [open, setOpen] = useState(false);
  const name = plain(row.name);
  return (
    <tr>
      <td class="words"><strong>{name}</strong>{row.description && <div class="note">{plain(row.description)}</div>}<Folded title="Definition" what={name} text={block(row.text)} /><div class="note" title={plain(row.file)}><bdi>{plain(row.file.split("/").at(-1) ?? "")}</bdi></div></td>
      <td class="words">{row.triggers.map((line) => <div key={line}>{plain(line)}</div>)}</td>
      <td class="words">{row.steps.map((step) => <div key={step.id}>{plain(step.id)} <code>{plain(step.do)}</code>{step.destructive && <span class="warn"> destructive</span>}</div>)}</td>
      <td>{row.steps.some((step) => step.destructive) ? leave(row.destructive) : "none"}</td>
      <td>{row.last ? <><a href={link(`/runs/${encodeURIComponent(row.last.id)}`)}><State value={row.last.state} /></a> <Ago value={row.last.ended ?? row.last.created} /></> : "never"}</td>
      <td class="number">{count(row.running)}</td>
      <td class="actions">
        {mayAct() && <button type="button" disabled={stopped} title={stopped ? "All workflows are stopped" : undefined} aria-label={`Run ${name} now`} onClick={() => setOpen(true)}>Run now</button>}
        {open && <RunNow row={row} onClose={() => setOpen(false)} />}
      </td>
    </tr>
  );
}

const Choices = ({ state, workflow, names }: { readonly state: string; readonly workflow: string; readonly names: readonly string[] }) => (
  <>
    <label class="choose">Workflow{" "}
      <select value={workflow} onChange={(event) => patch({ workflow: event.currentTarget.value }, "push")}>
        <option value="">all</option>
        {[...new Set([...names, ...(workflow ? [workflow] : [])])].map((name) => <option key={name} value={name}>{plain(name)}</option>)}
      </select>
    </label>
    <label class="choose">State{" "}
      <select value={state} onChange={(event) => patch({ state: event.currentTarget.value }, "push")}>
        <option value="">all</option>
        {STATES.map((one) => <option key={one} value={one}>{said(one)}</option>)}
      </select>
    </label>
  </>
);

const RunRows = ({ runs }: { readonly runs: readonly Run[] }) => (
  <Wide label="Runs">
    <thead><tr><th scope="col">State</th><th scope="col">Workflow</th><th scope="col">Run</th><th scope="col">Began by</th><th scope="col">Labels</th><th scope="col">When</th><th scope="col" class="number">Took</th><th scope="col">Why</th></tr></thead>
    <tbody>{runs.map((run) => (
      <tr key={run.id}>
        <td><State value={run.state} />{run.dry_run && " (dry run)"}</td><td>{plain(run.workflow)}</td><td><a href={link(`/runs/${encodeURIComponent(run.id)}`)}><code>{plain(run.id)}</code></a></td>
        <td>{began(run.trigger)}</td><td><LabelValues labels={run.labels} /></td><td><Time value={run.created} /></td><td class="number"><Took from={run.started} to={run.ended} /></td><td class="words">{plain(run.reason)}</td>
      </tr>
    ))}</tbody>
  </Wide>
);
