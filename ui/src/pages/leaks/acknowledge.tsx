/** Say that the leak is known, and why it may wait; or take that back. */
import { useState } from "preact/hooks";
import { ApiError, post } from "../../api/client";
import { asApiError } from "../../api/resource";
import type { Leak } from "../../api/types";
import { Dialog } from "../../lib/controls";
import { plain } from "../../lib/text";

interface Props {
  readonly leak: Leak;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export default function Acknowledge({ leak, onClose, onDone }: Props) {
  const [note, setNote] = useState(leak.acknowledged?.note ?? "");
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const say = async (undo: boolean) => {
    setError(null);
    setBusy(true);
    try {
      await post<Leak>(`leaks/${encodeURIComponent(leak.id)}/acknowledge`, { note: note.trim(), undo });
      onDone();
    } catch (failed) {
      setError(asApiError(failed));
      setBusy(false);
    }
  };
  return (
    <Dialog title="Acknowledge this leak" onClose={onClose}>
      <form class="token" onSubmit={(event) => { event.preventDefault(); void say(false); }}>
        <label>Note<textarea class="note-text" rows={3} maxLength={1000} value={note} autofocus placeholder="who looks after it, the ticket, why it may wait" onInput={(event) => setNote(event.currentTarget.value)} /></label>
        <p class={error ? "problem" : "hint"} role={error ? "alert" : undefined}>
          {error ? `${plain(error.message)} ${plain(error.hint)}` : "It leaves the list of open leaks, and is watched all the same."}
        </p>
        <div class="row">
          {leak.acknowledged && <button type="button" disabled={busy} onClick={() => void say(true)}>Take it back</button>}
          <button type="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="primary" disabled={busy}>Acknowledge</button>
        </div>
      </form>
    </Dialog>
  );
}
