/** A dialog that asks for a change: its fields, what it means, and what the server said when it refused. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { ApiError } from "../../api/client";
import { asApiError } from "../../api/resource";
import { Dialog } from "../../lib/controls";
import { plain } from "../../lib/text";

interface Props {
  readonly title: string;
  readonly hint?: string;
  readonly done: string;
  readonly keep?: string;
  readonly ready?: boolean;
  readonly children?: ComponentChildren;
  readonly onClose: () => void;
  readonly onDone: () => Promise<void>;
}

export function Ask({ title, hint, done, keep = "Cancel", ready = true, children, onClose, onDone }: Props) {
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setError(null);
    setBusy(true);
    try {
      await onDone();
      onClose();
    } catch (failed) {
      setError(asApiError(failed));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="token passwords" onSubmit={(event) => void submit(event)}>
        {children}
        {hint && <p class="hint">{hint}</p>}
        {error && <p class="problem" role="alert">{sentence(error)}</p>}
        <div class="row">
          <button type="button" onClick={onClose}>{keep}</button>
          <button type="submit" class="primary" disabled={busy || !ready}>{done}</button>
        </div>
      </form>
    </Dialog>
  );
}

/** Of what the server hints only where the message leaves open what to do. */
function sentence(error: ApiError): string {
  const text = plain(error.status === 400 || !error.hint ? error.message : `${error.message}. ${error.hint}`);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
