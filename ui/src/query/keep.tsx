/** A query as a panel of a dashboard that is there, or of a new one. */
import { useState } from "preact/hooks";
import { ApiError, post } from "../api/client";
import { asApiError, useApi } from "../api/resource";
import type { DashboardAnswer, Dashboards, Panel } from "../api/types";
import { Dialog } from "../lib/controls";
import { link } from "../lib/router";
import { plain } from "../lib/text";

const NEW = "";

/** `My shop, 2nd` -> `my-shop-2nd` */
export const nameFrom = (title: string): string =>
  title.normalize("NFKD").toLowerCase().replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64).replace(/-+$/, "");

export default function Keep({ panel, onClose }: { readonly panel: Partial<Panel>; readonly onClose: () => void }) {
  const list = useApi<Dashboards>("dashboards", {});
  const own = (list.data?.dashboards ?? []).filter((one) => !one.builtin);
  const [where, setWhere] = useState<string>(NEW);
  const [title, setTitle] = useState("");
  const [name, setName] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [done, setDone] = useState<DashboardAnswer | null>(null);
  const target = where === NEW ? nameFrom(name) : where;
  const save = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      setDone(await post<DashboardAnswer>(`dashboards/${target}/panels`, { title: where === NEW ? name.trim() : "", panel: { ...panel, title: title.trim() } }));
    } catch (failed) {
      setError(asApiError(failed));
    }
  };
  return (
    <Dialog title="Save to a dashboard" onClose={onClose}>
      {done ? (
        <>
          <p>It is in <a href={link(`/dashboards/${done.name}`)}>{plain(done.definition?.title ?? done.name)}</a> now.</p>
          <div class="row"><button type="button" class="primary" onClick={onClose} autofocus>Close</button></div>
        </>
      ) : (
        <form class="token" onSubmit={(event) => void save(event)}>
          <label>Title of the chart<input value={title} autofocus required maxLength={200} onInput={(event) => setTitle(event.currentTarget.value)} /></label>
          <label>Dashboard
            <select value={where} onChange={(event) => setWhere(event.currentTarget.value)}>
              <option value={NEW}>A new one</option>
              {own.map((one) => <option key={one.name} value={one.name}>{plain(one.title)}</option>)}
            </select>
          </label>
          {where === NEW && <label>Title of the dashboard<input value={name} required maxLength={200} onInput={(event) => setName(event.currentTarget.value)} /></label>}
          <p class={error ? "problem" : "hint"} role={error ? "alert" : undefined}>
            {error ? `${plain(error.message)} ${plain(error.hint)}` : where === NEW ? (target ? `It will be at /dashboards/${target}.` : "Built-in dashboards stay as they are; copy one to change it.") : " "}
          </p>
          <div class="row"><button type="button" onClick={onClose}>Cancel</button><button type="submit" class="primary" disabled={!title.trim() || !target}>Save</button></div>
        </form>
      )}
    </Dialog>
  );
}
