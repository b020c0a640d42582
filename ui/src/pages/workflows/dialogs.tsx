/** What people decide: begin a run, answer one, stop or undo it, and stop everything. */
import { useState } from "preact/hooks";
import { post, send } from "../../api/client";
import { go, link } from "../../lib/router";
import { plain } from "../../lib/text";
import { Ask } from "../users/ask";
import { labelsOf, leave } from "./rows";
import type { Approval, Run, Switch, WorkflowRow } from "../../api/types";

interface Closing {
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Note({ value, hint, onChange }: { readonly value: string; readonly hint: string; readonly onChange: (value: string) => void }) {
  return <label>Note<textarea class="note-text" rows={3} maxLength={1000} value={value} autofocus placeholder={hint} onInput={(event) => onChange(event.currentTarget.value)} /></label>;
}

export function RunNow({ row, onClose }: { readonly row: WorkflowRow; readonly onClose: () => void }) {
  const [text, setText] = useState("");
  const [dry, setDry] = useState(false);
  const labels = labelsOf(text);
  const destructive = row.steps.some((step) => step.destructive);
  const begin = async () => {
    const run = await post<Run>(`workflows/${encodeURIComponent(row.name)}/runs`, { labels, dry_run: dry ? true : null });
    go(link(`/runs/${encodeURIComponent(run.id)}`));
  };
  return (
    <Ask title={`Run ${plain(row.name)} now`} done="Run" ready={labels !== null} onClose={onClose} onDone={begin}
      hint={destructive && !dry ? `What is destructive in it is ${leave(row.destructive)}.` : "Nothing destructive is done."}>
      <label>Labels<textarea class="note-text" rows={3} value={text} autofocus spellcheck={false} placeholder={"host=web1\njvm=orders"} onInput={(event) => setText(event.currentTarget.value)} /></label>
      {labels === null && <p class="problem" role="alert">Write one label a line: name=value</p>}
      <fieldset class="checks"><label><input type="checkbox" checked={dry} onChange={(event) => setDry(event.currentTarget.checked)} /> Dry run: say what destructive steps would do, and do not do it</label></fieldset>
    </Ask>
  );
}

/** Approve or deny; what will be done stands once more where one decides. */
export function Answer({ asked, how, onClose, onDone }: Closing & { readonly asked: Approval; readonly how: "approve" | "deny" }) {
  const [note, setNote] = useState("");
  const answer = async () => {
    await post<Run>(`runs/${encodeURIComponent(asked.run)}/${how}`, { step: asked.step, note: note.trim() });
    onDone();
  };
  const approves = how === "approve";
  return (
    <Ask title={`${approves ? "Approve" : "Deny"} ${plain(asked.workflow)}`} done={approves ? "Approve" : "Deny"} onClose={onClose} onDone={answer}
      hint={approves ? "It is done at once. The audit keeps who approved it." : "The run ends here. The audit keeps who denied it."}>
      <Shows asked={asked} />
      <Note value={note} hint="why, a ticket" onChange={setNote} />
    </Ask>
  );
}

export const Shows = ({ asked }: { readonly asked: Approval }) =>
  asked.shows.length ? <ul class="shows" aria-label="What will be done">{asked.shows.map((line, index) => <li key={index}>{plain(line)}</li>)}</ul> : <p class="note">The run goes on after it.</p>;

export function Change({ run, how, onClose, onDone }: Closing & { readonly run: Run; readonly how: "cancel" | "undo" }) {
  const [note, setNote] = useState("");
  const change = async () => {
    const next = await post<Run>(`runs/${encodeURIComponent(run.id)}/${how}`, { note: note.trim() });
    if (next.id === run.id) onDone();
    else go(link(`/runs/${encodeURIComponent(next.id)}`));
  };
  const cancels = how === "cancel";
  return (
    <Ask title={`${cancels ? "Cancel" : "Undo"} this run of ${plain(run.workflow)}`} done={cancels ? "Cancel the run" : "Undo"} keep="Leave it" onClose={onClose} onDone={change}
      hint={cancels ? "What is under way is stopped where that is possible; what was done stays done." : "A run of its own does what the steps name as their undo, the last step first."}>
      <Note value={note} hint="why" onChange={setNote} />
    </Ask>
  );
}

export function Throw({ known, onClose, onDone }: Closing & { readonly known: Switch }) {
  const [note, setNote] = useState("");
  const stopped = !known.stopped;
  const change = async () => {
    await send("switch", { method: "PUT", body: { stopped, note: note.trim() } });
    onDone();
  };
  return (
    <Ask title={stopped ? "Stop all workflows" : "Let workflows run again"} done={stopped ? "Stop all" : "Let them run"} onClose={onClose} onDone={change}
      hint={stopped ? "Runs under way are ended, and none begins until somebody lets them; this holds over restarts of the server." : "Runs begin again with the next trigger."}>
      <Note value={note} hint="why, until when" onChange={setNote} />
    </Ask>
  );
}
