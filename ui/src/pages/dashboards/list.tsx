/** All dashboards: built-in ones to look at and copy, one's own to make, import, export and delete. */
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../../api/client";
import { liveFilter } from "../../api/live";
import { asApiError, useApi } from "../../api/resource";
import type { DashboardAnswer, DashboardRow, Dashboards } from "../../api/types";
import { Failure } from "../../lib/controls";
import { link } from "../../lib/router";
import { saveAs } from "../../lib/save";
import { Ago, plain } from "../../lib/text";
import { nameFrom } from "../../query/keep";
import { Copy, Remove, store } from "./dialogs";

export default function DashboardList() {
  const answer = useApi<Dashboards>("dashboards", {});
  const [making, setMaking] = useState(false);
  const [copied, setCopied] = useState<DashboardAnswer | null>(null);
  const [removed, setRemoved] = useState<DashboardRow | null>(null);
  const [told, setTold] = useState<{ text: string; bad: boolean } | null>(null);
  const file = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Dashboards · heapwatch";
    liveFilter.value = {};
  }, []);
  const failed = (error: unknown) => setTold({ text: asApiError(error).message, bad: true });
  const bring = async (files: FileList | null) => {
    const done: string[] = [];
    try {
      for (const one of files ?? []) {
        const name = nameFrom(one.name.replace(/\.ya?ml$/i, ""));
        await store(name, await one.text(), null).catch((error: unknown) => {
          throw new Error(`${one.name}: ${asApiError(error).message}`);
        });
        done.push(name);
      }
      setTold({ text: `Imported ${done.join(", ")}.`, bad: false });
    } catch (error) {
      setTold({ text: error instanceof Error ? error.message : String(error), bad: true });
    }
    answer.reload();
  };
  const take = (name: string) =>
    get<DashboardAnswer>(`dashboards/${name}`, {}).then((found) => saveAs(`${name}.yaml`, [found.text], "application/yaml;charset=utf-8"), failed);
  const copy = (name: string) => get<DashboardAnswer>(`dashboards/${name}`, {}).then(setCopied, failed);
  const rows = answer.data?.dashboards ?? [];
  return (
    <section class="page">
      <div class="bar">
        <h1>Dashboards</h1>
        <span class="spacer" />
        {told && <span class={told.bad ? "problem" : "note"} role={told.bad ? "alert" : "status"}>{plain(told.text)}</span>}
        <input ref={file} type="file" accept=".yaml,.yml" multiple hidden aria-label="Files to import" onChange={(event) => { void bring(event.currentTarget.files); event.currentTarget.value = ""; }} />
        <button type="button" onClick={() => file.current?.click()}>Import…</button>
        <button type="button" class="primary" onClick={() => setMaking(true)}>New dashboard</button>
      </div>
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known={answer.data !== null} />}
      {!answer.data && !answer.error && <div class="page-loading" aria-busy="true"><span class="skeleton wide" /></div>}
      {answer.data && (
        <section class="card">
          <table class="plain-table" aria-label="Dashboards">
            <thead><tr><th scope="col">Title</th><th scope="col">About</th><th scope="col" class="number">Panels</th><th scope="col">Changed</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name}>
                  <td><a class="strong" href={link(`/dashboards/${row.name}`)}>{plain(row.title)}</a>{row.faults > 0 && <span class="badge">{row.faults} fault{row.faults === 1 ? "" : "s"}</span>}</td>
                  <td class="about" title={plain(row.about)}>{plain(row.about)}</td>
                  <td class="number">{row.panels}</td>
                  <td>{row.builtin ? <span class="note">built in</span> : <Ago value={row.changed} />}</td>
                  <td class="actions">
                    <button type="button" class="quiet" aria-label={`Copy ${plain(row.title)}`} onClick={() => void copy(row.name)}>Copy</button>
                    <button type="button" class="quiet" aria-label={`Export ${plain(row.title)}`} onClick={() => void take(row.name)}>Export</button>
                    {!row.builtin && <a class="quiet-link" aria-label={`Edit ${plain(row.title)}`} href={link(`/dashboards/${row.name}`, { edit: "1" })}>Edit</a>}
                    {!row.builtin && <button type="button" class="quiet" aria-label={`Delete ${plain(row.title)}`} onClick={() => setRemoved(row)}>Delete</button>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {making && <Copy stored={null} onClose={() => setMaking(false)} />}
      {copied && <Copy stored={copied} onClose={() => setCopied(null)} />}
      {removed && <Remove name={removed.name} title={removed.title} onClose={() => setRemoved(null)} onDone={answer.reload} />}
    </section>
  );
}
