/** One dashboard: its panels over the shared range, alone in the window when wanted, or its text to edit. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import type { DashboardAnswer, Definition, Events } from "../../api/types";
import { CopyButton, Failure } from "../../lib/controls";
import { later } from "../../lib/later";
import { go, link, patch, path, query } from "../../lib/router";
import { parseSpan, sameRange } from "../../lib/range";
import { plain } from "../../lib/text";
import { range, span } from "../../lib/view";
import { fixedAddress } from "../../query/take";
import { markersOf } from "../../query/overlays";
import { Chosen } from "./controls";
import { Copy, Remove } from "./dialogs";
import { HEIGHTS, Panel } from "./panel";
import { chosen, inWords, substitute, type Values } from "./variables";

const Edit = later(() => import("./edit"));

export default function Dashboard() {
  // Once: the page is another one under another path, and while it is left the path is no dashboard's any more.
  const [name] = useState(() => decodeURIComponent(path.peek().slice("/dashboards/".length)));
  const answer = useApi<DashboardAnswer>(`dashboards/${encodeURIComponent(name)}`, {});
  const editing = query.value.get("edit") === "1";
  const full = query.value.get("full") === "1" && !editing;
  const { data } = answer;
  const title = data?.definition?.title ?? name;
  useEffect(() => {
    document.title = `${plain(title)} · heapwatch`;
    liveFilter.value = {};
  }, [title]);
  useFull(full);
  useOwnRange(data?.definition ?? null);
  if (answer.error && !data) {
    return answer.error.status === 404 || answer.error.status === 400 ? (
      <section class="blank">
        <h1>There is no dashboard <bdi>{plain(name)}</bdi></h1>
        <p><a href={link("/dashboards")}>All dashboards</a></p>
      </section>
    ) : <Failure error={answer.error} onRetry={answer.reload} />;
  }
  if (!data) return <div class="page-loading" aria-busy="true"><span class="skeleton wide" /><span class="skeleton tall" /></div>;
  if (editing) return <Edit key={data.version} stored={data} onStored={answer.reload} />;
  return (
    <section class="page dashboard">
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known />}
      <Head data={data} full={full} />
      {data.definition ? <Panels definition={data.definition} full={full} /> : <Faulty data={data} />}
    </section>
  );
}

/** The dashboard's own range, where the address names none. */
function useOwnRange(definition: Definition | null): void {
  const own = definition?.range;
  useEffect(() => {
    if (!own || query.peek().has("from") || query.peek().has("to")) return;
    const wanted = parseSpan(own);
    if (wanted !== null && !sameRange(range.peek(), { kind: "relative", span: wanted })) patch({ from: own.startsWith("-") ? own : `-${own}` });
  }, [own]);
}

/** Without the header, and without the browser where it lets us. Escape ends it. */
function useFull(full: boolean): void {
  useEffect(() => {
    document.documentElement.toggleAttribute("data-full", full);
    if (!full) {
      if (document.fullscreenElement) void document.exitFullscreen();
      return undefined;
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) patch({ full: null, panel: null });
    };
    const onChange = () => {
      if (!document.fullscreenElement) patch({ full: null });
    };
    document.addEventListener("keydown", onKey);
    document.addEventListener("fullscreenchange", onChange);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("fullscreenchange", onChange);
      document.documentElement.removeAttribute("data-full");
    };
  }, [full]);
}

function fillScreen(): void {
  patch({ full: "1" }, "push");
  // Refused in frames and by some browsers; the page without its header is what remains then.
  document.documentElement.requestFullscreen?.().catch(() => undefined);
}

function Head({ data, full }: { readonly data: DashboardAnswer; readonly full: boolean }) {
  const [dialog, setDialog] = useState<"" | "copy" | "remove">("");
  const { definition } = data;
  return (
    <>
      <div class="bar">
        {!full && <nav class="crumbs" aria-label="Breadcrumbs"><a href={link("/dashboards", {})}>Dashboards</a><span aria-hidden="true">/</span></nav>}
        <h1>{plain(definition?.title ?? data.name)}</h1>
        {definition?.about && <p class="note">{plain(definition.about)}</p>}
        <span class="spacer" />
        {full ? <button type="button" class="quiet" onClick={() => patch({ full: null })}>Leave full screen</button> : (
          <>
            <CopyButton text={fixedAddress} title="A link to this view with its range fixed">Copy link</CopyButton>
            <button type="button" class="quiet" onClick={fillScreen}>Full screen</button>
            <button type="button" onClick={() => setDialog("copy")}>Copy…</button>
            {!data.builtin && <button type="button" onClick={() => setDialog("remove")}>Delete…</button>}
            <a class="button" href={link(path.value, { edit: "1" })}>{data.builtin ? "Show text" : "Edit"}</a>
          </>
        )}
      </div>
      {dialog === "copy" && <Copy stored={data} onClose={() => setDialog("")} />}
      {dialog === "remove" && <Remove name={data.name} title={definition?.title ?? data.name} onClose={() => setDialog("")} onDone={() => go(link("/dashboards"))} />}
    </>
  );
}

export function Panels({ definition, full }: { readonly definition: Definition; readonly full: boolean }) {
  const { from, to } = span.value;
  const values = useMemo(() => chosen(definition, query.value, { from, to }), [definition, query.value, to - from]);
  const markers = useEvents(definition, values);
  const alone = Number(query.value.get("panel") ?? NaN);
  const only = Number.isInteger(alone) ? definition.panels[alone - 1] : undefined;
  if (definition.panels.length === 0) return <p class="no-match">No panel yet. <a href={link("/explore")}>Ask a query</a> and save it here, or edit the text.</p>;
  return (
    <>
      <Chosen definition={definition} values={values} query={query.value} />
      {only ? (
        <div class="panels-grid">
          <Panel key={`${alone} alone`} panel={{ ...only, width: "full" }} values={values} markers={markers} height={Math.max(320, window.innerHeight - (full ? 200 : 280))}
            controls={<button type="button" class="quiet" onClick={() => patch({ panel: null }, "push")}>All panels</button>} />
        </div>
      ) : (
        <div class="panels-grid">
          {definition.panels.map((panel, index) => (
            <Panel key={`${index} ${panel.title}`} panel={panel} values={values} markers={markers} height={HEIGHTS[panel.height]}
              controls={<button type="button" class="quiet" title="Only this panel" aria-label={`Alone: ${inWords(panel.title, values)}`} onClick={() => patch({ panel: String(index + 1) }, "push")}>Alone</button>} />
          ))}
        </div>
      )}
    </>
  );
}

function useEvents(definition: Definition, values: Values) {
  const { from, to } = span.value;
  const { events } = definition;
  const part = (text: string) => {
    const told = /^\$\{?([a-z][a-z0-9_]*)\}?$/.exec(text);
    const named = told?.[1] === undefined ? undefined : values[told[1]];
    return (named ?? [substitute(text, values)]).filter((value) => value !== "*");
  };
  const answer = useApi<Events>("events", events ? { host: part(events.host), jvm: part(events.jvm), from, to } : null);
  return useMemo(() => markersOf(answer.data), [answer.data]);
}

/** A text that somebody spoilt outside of here. */
function Faulty({ data }: { readonly data: DashboardAnswer }) {
  return (
    <div class="refused" role="alert">
      <p><strong>The text of this dashboard has faults.</strong></p>
      <ul>{data.faults.map((fault) => <li key={`${fault.line} ${fault.message}`}>line {fault.line}: {plain(fault.message)}</li>)}</ul>
      <p><a href={link(path.value, { edit: "1" })}>Edit it</a></p>
    </div>
  );
}
