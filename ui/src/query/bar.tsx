/** The editor with what is done to a query: run, format, find an earlier one, keep it. */
import type { ComponentChildren } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { asApiError } from "../api/resource";
import { Editor } from "../editor/editor";
import type { Editor as Mounted } from "../editor/mount";
import { Dialog } from "../lib/controls";
import { Ago, plain } from "../lib/text";
import { complete, format, useFlaw } from "./ask";
import { Refused, marksOf } from "./asked";
import type { Lang } from "./forms";
import { forget, recall } from "./history";

interface Props {
  readonly lang: Lang;
  readonly text: string;
  /** What was run last; its errors are those of `error`. */
  readonly asked: string;
  readonly error: ApiError | null;
  readonly known: boolean;
  readonly hint: string;
  readonly busy: boolean;
  readonly onText: (text: string) => void;
  readonly onRun: (text: string) => void;
  readonly children?: ComponentChildren;
}

export function QueryBar({ lang, text, asked, error, known, hint, busy, onText, onRun, children }: Props) {
  const handle = useRef<Mounted | null>(null);
  const [past, setPast] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const judged = useFlaw(text, lang, asked);
  const shown = problem ?? (text === asked ? error : judged);
  const marks = useMemo(() => marksOf(shown), [shown]);
  const completing = useMemo(() => complete(lang), [lang]);
  const change = (next: string) => {
    setProblem(null);
    onText(next);
  };
  const tidy = () => {
    format(text, lang).then(change, (failed: unknown) => setProblem(asApiError(failed)));
  };
  const use = (query: string) => {
    change(query);
    onRun(query);
  };
  return (
    <section class="query-bar" aria-label="Query">
      <div class="query-row">
        <Editor text={text} label={lang === "logs" ? "Log query" : "Metric query"} hint={hint} language={lang} onChange={change} onRun={() => onRun(text)}
          onFormat={tidy} complete={completing} marks={marks} handle={handle} autofocus={lang === "metrics" && text === ""} />
        <button type="button" class="primary run" disabled={!text.trim()} aria-busy={busy} onClick={() => onRun(text)} title="Ctrl+Enter or ⌘+Enter">Run</button>
      </div>
      {shown && <Refused error={shown} onRetry={() => onRun(text)} onUse={use} known={known && shown === error} />}
      <div class="bar slim">
        <button type="button" class="quiet" onClick={tidy} disabled={!text.trim()} title="Shift+Alt+F">Format</button>
        <button type="button" class="quiet" onClick={() => setPast(true)}>History</button>
        {children}
      </div>
      {past && <Past lang={lang} onClose={() => setPast(false)} onUse={(query) => { setPast(false); use(query); }} />}
    </section>
  );
}

function Past({ lang, onClose, onUse }: { readonly lang: Lang; readonly onClose: () => void; readonly onUse: (query: string) => void }) {
  const [filter, setFilter] = useState("");
  const [list, setList] = useState(() => recall().filter((one) => one.lang === lang));
  const shown = list.filter((one) => one.query.toLowerCase().includes(filter.toLowerCase()));
  return (
    <Dialog title="Queries you ran" onClose={onClose} wide>
      <div class="bar slim">
        <input type="search" aria-label="Find in history" placeholder="part of a query" value={filter} autofocus onInput={(event) => setFilter(event.currentTarget.value)} />
        <span class="spacer" />
        <button type="button" class="quiet" disabled={!list.length} onClick={() => { forget(); setList([]); }}>Forget all</button>
      </div>
      {shown.length ? (
        <ul class="past">
          {shown.map((one) => <li key={one.query}><button type="button" class="as-link" onClick={() => onUse(one.query)}><code>{plain(one.query.replace(/\n/g, " ⏎ "))}</code></button> <Ago value={one.at} /></li>)}
        </ul>
      ) : (
        <p class="no-match">{list.length ? "None is like that." : "None yet. They are kept in this browser only."}</p>
      )}
    </Dialog>
  );
}
