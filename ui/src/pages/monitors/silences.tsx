/** Who is silenced, until when and why; to silence, and to end that. */
import { useState } from "preact/hooks";
import { post, send, serverNow } from "../../api/client";
import { asApiError } from "../../api/resource";
import { LabelValues, plain, Time } from "../../lib/text";
import { Ask } from "../users/ask";
import { mayAct } from "../workflows/fresh";
import { Wide } from "../workflows/parts";
import { lasting, local } from "./rows";
import type { Silence } from "../../api/types";

const LENGTHS = [["1h", "an hour"], ["4h", "4 hours"], ["1d", "a day"], ["1w", "a week"], ["until", "until …"]] as const;
const HOUR = 3_600_000;

export interface Whom {
  readonly monitor: string;
  readonly match: Readonly<Record<string, string>>;
}

export function Silencing({ whom, onClose, onDone }: { readonly whom: Whom; readonly onClose: () => void; readonly onDone: () => void }) {
  const [choice, setChoice] = useState("1h");
  const [until, setUntil] = useState(() => local(serverNow() + HOUR));
  const [note, setNote] = useState("");
  const lasts = lasting(choice, until, serverNow());
  const groups = Object.values(whom.match).map(plain).join(" · ");
  const silence = async () => {
    // What may have a meaning in a glob is written so that it has none.
    const match = Object.fromEntries(Object.entries(whom.match).map(([name, value]) => [name, value.replace(/[*?[]/g, "[$&]")]));
    await post<Silence>("monitors/silences", { monitor: whom.monitor, match, lasts: lasts ?? "1h", note: note.trim() });
    onDone();
  };
  return (
    <Ask title={`Silence ${plain(whom.monitor)}${groups && `: ${groups}`}`} done="Silence" ready={lasts !== null} onClose={onClose} onDone={silence}
      hint="Nobody is told of it. Its states go on, and the audit keeps who silenced it.">
      <label>For
        <select value={choice} autofocus onChange={(event) => setChoice(event.currentTarget.value)}>{LENGTHS.map(([value, name]) => <option key={value} value={value}>{name}</option>)}</select>
      </label>
      {choice === "until" && <label class="after">Until<input type="datetime-local" value={until} onInput={(event) => setUntil(event.currentTarget.value)} /></label>}
      {lasts === null && <p class="problem" role="alert">Choose a time that is still to come.</p>}
      <label class="after">Note<textarea class="note-text" rows={2} maxLength={1000} value={note} placeholder="why, a ticket" onInput={(event) => setNote(event.currentTarget.value)} /></label>
    </Ask>
  );
}

export function Silences({ rows, onDone }: { readonly rows: readonly Silence[]; readonly onDone: () => void }) {
  const [failed, setFailed] = useState("");
  if (!rows.length) return <p class="no-match">Nothing is silenced.</p>;
  const end = (id: string) => send(`monitors/silences/${encodeURIComponent(id)}`, { method: "DELETE" }).then(onDone, (error: unknown) => setFailed(asApiError(error).message));
  return (
    <>
      {failed && <p class="problem" role="alert">{plain(failed)}</p>}
      <Wide label="Silences">
        <thead><tr><th scope="col">Monitor</th><th scope="col">Groups</th><th scope="col">Until</th><th scope="col">By</th><th scope="col">Note</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        <tbody>{rows.map((one) => <tr key={one.id}><td>{plain(one.monitor)}</td><td>{Object.keys(one.match).length ? <LabelValues labels={one.match} /> : "all"}</td><td><Time value={one.ends} /></td><td><bdi>{plain(one.by)}</bdi></td><td>{plain(one.note)}</td><td class="actions">{mayAct() && <button type="button" onClick={() => void end(one.id)} aria-label={`End the silence of ${plain(one.monitor)}`}>End</button>}</td></tr>)}</tbody>
      </Wide>
    </>
  );
}
