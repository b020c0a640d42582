/** The text of a dashboard beside what it shows; faults are marked in their lines while one writes. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, post } from "../../api/client";
import { asApiError } from "../../api/resource";
import type { DashboardAnswer, DashboardCheck, DashboardFault, Definition } from "../../api/types";
import { Editor } from "../../editor/editor";
import type { Editor as Mounted, Mark } from "../../editor/mount";
import { go, link } from "../../lib/router";
import { plain } from "../../lib/text";
import { Panels } from "./dashboard";
import { Copy, store } from "./dialogs";

const REST = 400; // ms without a key before the text is judged

/** Where a line of the text is, for the editor; a fault goes to the end of its line. */
export function marksOf(text: string, faults: readonly DashboardFault[]): Mark[] {
  const lines = text.split("\n");
  return faults.map((fault) => {
    const number = Math.min(Math.max(1, fault.line), lines.length);
    const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
    const line = lines[number - 1] ?? "";
    const from = Math.min(fault.column - 1, line.length);
    const indent = line.length - line.trimStart().length;
    return { start: start + Math.max(from < line.length ? from : 0, from === 0 ? indent : 0), end: start + line.length, message: fault.message };
  });
}

export default function Edit({ stored, onStored }: { readonly stored: DashboardAnswer; readonly onStored: () => void }) {
  const [text, setText] = useState(stored.text);
  const [faults, setFaults] = useState<readonly DashboardFault[]>(stored.faults);
  const [shown, setShown] = useState<Definition | null>(stored.definition);
  const [error, setError] = useState<ApiError | null>(null);
  const [copying, setCopying] = useState(false);
  const handle = useRef<Mounted | null>(null);
  const changed = text !== stored.text;
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      post<DashboardCheck>("dashboards/check", { text }, abort.signal).then(
        (found) => {
          setFaults(found.faults);
          if (found.ok && found.definition) setShown(found.definition);
        },
        () => undefined, // what is wrong is said when it is saved
      );
    }, REST);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  useEffect(() => {
    if (!changed) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [changed]);
  const marks = useMemo(() => marksOf(text, faults), [text, faults]);
  const view = link(`/dashboards/${stored.name}`);
  const save = async () => {
    setError(null);
    if (stored.builtin) return setCopying(true);
    try {
      await store(stored.name, text, stored.version);
      go(view);
      onStored();
    } catch (failed) {
      setError(asApiError(failed));
    }
  };
  return (
    <section class="page dashboard-edit">
      <div class="bar">
        <nav class="crumbs" aria-label="Breadcrumbs"><a href={link("/dashboards", {})}>Dashboards</a><span aria-hidden="true">/</span></nav>
        <h1>{plain(stored.definition?.title ?? stored.name)}</h1>
        {stored.builtin && <span class="note">built in: it is saved as a copy</span>}
        <span class="spacer" />
        {error && <span class="problem" role="alert">{plain(error.message)} {plain(error.hint)}</span>}
        <a class="button" href={view}>{changed ? "Leave it" : "Back"}</a>
        <button type="button" class="primary" disabled={faults.length > 0 || (!changed && !stored.builtin)} onClick={() => void save()} title="Ctrl+Enter or ⌘+Enter">{stored.builtin ? "Save a copy…" : "Save"}</button>
      </div>
      <div class="edit-pair">
        <div class="edit-text">
          <Editor text={text} label="Text of the dashboard" hint="title: …" language="yaml" marks={marks} handle={handle} onChange={setText} onRun={() => void (faults.length === 0 && save())} />
          <div class="faults" role="status" aria-label="Faults">
            {faults.length === 0 ? <p class="hint">No fault.</p> : (
              <ul>{faults.map((fault) => <li key={`${fault.line} ${fault.column} ${fault.message}`}><button type="button" class="as-link" onClick={() => handle.current?.goTo(fault.line)}>line {fault.line}</button> {plain(fault.message)}</li>)}</ul>
            )}
          </div>
        </div>
        <div class="edit-view" aria-label="What it shows" role="region">{shown ? <Panels definition={shown} full={false} /> : <p class="no-match">It is shown here once the text has no fault.</p>}</div>
      </div>
      {copying && <Copy stored={{ ...stored, text }} onClose={() => setCopying(false)} />}
    </section>
  );
}
