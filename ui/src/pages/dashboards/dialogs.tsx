/** Making, copying and deleting dashboards. */
import { useState } from "preact/hooks";
import { ApiError, send } from "../../api/client";
import { asApiError } from "../../api/resource";
import type { DashboardAnswer } from "../../api/types";
import { Dialog } from "../../lib/controls";
import { go, link } from "../../lib/router";
import { plain } from "../../lib/text";
import { nameFrom } from "../../query/keep";
import { retitled } from "./variables";

const FIRST = `title: New
about: ""
range: -1h
variables:
  - {name: host, title: Host, kind: label, label: host, default: "*"}
panels:
  - title: Shallow bytes by host
    query: metric=heap.bytes host=$host | sum by host
    unit: bytes
`;

export const store = (name: string, text: string, replaces: string | null): Promise<DashboardAnswer> =>
  send<DashboardAnswer>(`dashboards/${encodeURIComponent(name)}`, { method: "PUT", body: { text, replaces } });

/** A dashboard under a new title: empty, or with the text of another one. */
export function Copy({ stored, onClose }: { readonly stored: DashboardAnswer | null; readonly onClose: () => void }) {
  const [title, setTitle] = useState(stored ? `${stored.definition?.title ?? stored.name} (copy)` : "");
  const [error, setError] = useState<ApiError | null>(null);
  const name = nameFrom(title);
  const save = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      const made = await store(name, retitled(stored?.text ?? FIRST, title.trim()), "");
      onClose();
      go(link(`/dashboards/${made.name}`, stored ? {} : { edit: "1" }));
    } catch (failed) {
      setError(asApiError(failed));
    }
  };
  return (
    <Dialog title={stored ? "Copy this dashboard" : "New dashboard"} onClose={onClose}>
      <form class="token" onSubmit={(event) => void save(event)}>
        <label>Title<input value={title} autofocus required maxLength={200} onInput={(event) => setTitle(event.currentTarget.value)} /></label>
        <p class={error ? "problem" : "hint"} role={error ? "alert" : undefined}>{error ? plain(error.code === "changed" ? "There is one of that name already; choose another title." : `${error.message} ${error.hint}`) : name ? `It will be at /dashboards/${name}.` : "Its address is made from the title."}</p>
        <div class="row"><button type="button" onClick={onClose}>Cancel</button><button type="submit" class="primary" disabled={!name}>{stored ? "Copy" : "Make it"}</button></div>
      </form>
    </Dialog>
  );
}

export function Remove({ name, title, onClose, onDone }: { readonly name: string; readonly title: string; readonly onClose: () => void; readonly onDone: () => void }) {
  const [error, setError] = useState<ApiError | null>(null);
  const remove = async () => {
    try {
      await send(`dashboards/${encodeURIComponent(name)}`, { method: "DELETE" });
      onClose();
      onDone();
    } catch (failed) {
      setError(asApiError(failed));
    }
  };
  return (
    <Dialog title="Delete this dashboard?" onClose={onClose}>
      <p>“{plain(title)}” is deleted for everybody. What it shows stays stored; only its text is gone.</p>
      {error && <p class="problem" role="alert">{plain(error.message)} {plain(error.hint)}</p>}
      <div class="row"><button type="button" onClick={onClose} autofocus>Keep it</button><button type="button" class="primary" onClick={() => void remove()}>Delete</button></div>
    </Dialog>
  );
}
