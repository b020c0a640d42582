/** One run, step by step, as it goes; and what a person can say to it. */
import { useEffect, useState } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import { link, path } from "../../lib/router";
import { Labels, plain, Time } from "../../lib/text";
import { Card, Part } from "../doors/card";
import { Waiting } from "./approvals";
import { Change } from "./dialogs";
import { mayAct, useFresh } from "./fresh";
import { Folded, State, Took } from "./parts";
import { began, said, underWay, written } from "./rows";
import type { Approval, Run, RunStep } from "../../api/types";

export default function OneRun() {
  const id = decodeURIComponent(path.value.slice("/runs/".length));
  const [busy, setBusy] = useState(true);
  const [moment, again] = useFresh(busy);
  const answer = useApi<Run>(`runs/${encodeURIComponent(id)}`, {}, moment);
  const run = answer.data;
  const going = run ? underWay(run.state) : true;
  useEffect(() => setBusy(going), [going]);
  useEffect(() => {
    document.title = `${run ? plain(run.workflow) : "Run"} · heapwatch`;
    liveFilter.value = {};
  }, [run?.workflow]);
  return (
    <section class="page workflows">
      <div class="bar">
        <h1>{run ? <>Run of <bdi>{plain(run.workflow)}</bdi></> : "Run"}</h1><code>{plain(id)}</code>
        <span class="spacer" />
        {run && mayAct() && <Changing run={run} onDone={again} />}
        <a class="button" href={link("/workflows")}>All workflows</a>
      </div>
      <Part of={answer}>{(data) => (
        <>
          <Head run={data} />
          <Card title="Steps">{data.steps.length ? <ol class="run-steps" aria-label="Steps">{data.steps.map((step) => <Step key={step.id} step={step} open={underWay(data.state)} onDone={again} />)}</ol> : <p class="no-match">{underWay(data.state) ? "No step has begun yet." : "No step began."}</p>}</Card>
        </>
      )}</Part>
    </section>
  );
}

const Head = ({ run }: { readonly run: Run }) => (
  <Card title="How it is">
    <p class="run-head" role="status"><State value={run.state} />{run.dry_run && " (dry run)"}{run.reason && <>: {plain(run.reason)}</>}</p>
    <p class="run-head note">Began <Time value={run.started ?? run.created} /> {began(run.trigger)}; {run.ended ? <>ended <Time value={run.ended} />, took </> : "takes "}<Took from={run.started ?? run.created} to={run.ended} /> <Labels labels={run.labels} most={8} /></p>
  </Card>
);

function Changing({ run, onDone }: { readonly run: Run; readonly onDone: () => void }) {
  const [how, setHow] = useState<"cancel" | "undo" | null>(null);
  const undoes = !underWay(run.state) && !run.dry_run && run.state !== "skipped";
  return (
    <>
      {underWay(run.state) && <button type="button" onClick={() => setHow("cancel")}>Cancel</button>}
      {undoes && <button type="button" onClick={() => setHow("undo")}>Undo</button>}
      {how && <Change run={run} how={how} onClose={() => setHow(null)} onDone={onDone} />}
    </>
  );
}

/** How it was answered; what nobody answered says so in its error. */
const Answered = ({ asked }: { readonly asked: Approval }) =>
  asked.by ? <p class="note">{said(asked.state)} by <bdi>{plain(asked.by)}</bdi>: {asked.shows.map(plain).join("; ")}</p> : null;

function Step({ step, open, onDone }: { readonly step: RunStep; readonly open: boolean; readonly onDone: () => void }) {
  const name = plain(step.id);
  return (
    <li data-state={step.state}>
      <p class="run-step"><strong>{name}</strong> <code>{plain(step.do)}</code> <State value={step.state} />
        {step.attempt > 1 && <span class="note">attempt {step.attempt}</span>}
        <span class="note"><Took from={step.started} to={step.ended} /></span>
      </p>
      {step.error && <p class={step.state === "skipped" ? "note" : "problem"}>{plain(step.error)}</p>}
      {step.approval && (open && step.approval.state === "waiting" ? <Waiting asked={step.approval} alone onDone={onDone} /> : <Answered asked={step.approval} />)}
      {Object.keys(step.parameters).length > 0 && <Folded title="Parameters" what={name} text={written(step.parameters)} />}
      {step.output && Object.keys(step.output).length > 0 && <Folded title="Output" what={name} text={written(step.output)} />}
    </li>
  );
}
