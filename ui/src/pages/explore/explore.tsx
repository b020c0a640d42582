/** Questions of one's own: metrics by the query language, as chart, table or as they came. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { usePost } from "../../api/resource";
import type { QueryAnswer } from "../../api/types";
import { TimeChart } from "../../charts/chart";
import { CopyButton, Segments } from "../../lib/controls";
import { later } from "../../lib/later";
import { go, link, patch, query } from "../../lib/router";
import { plain } from "../../lib/text";
import { span, zoomTo } from "../../lib/view";
import { QueryBar } from "../../query/bar";
import { Used, WarningList } from "../../query/asked";
import { remember } from "../../query/history";
import { drawn } from "../../query/lines";
import { OverlaySwitches, useOverlays } from "../../query/overlays";
import { ColumnsTable, SeriesTable, tablesOf } from "../../query/tables";
import { Take } from "../../query/take";
import { INTERVALS, KINDS, UNITS, readAsked, type Asked } from "./asked";
import { Examples } from "./examples";

const Keep = later(() => import("../../query/keep"));
const Correlated = later(() => import("../correlate/correlate"));

const HEIGHT = "max(320px, calc(100vh - 420px))";
const HINT = "metric=heap.bytes jvm=shop | sum by host      // or memleak3.size.** | sum";

export default function Explore() {
  const asked = useMemo(() => readAsked(query.value), [query.value]);
  const { from, to } = span.value;
  const [text, setText] = useState(asked.q);
  const [keeping, setKeeping] = useState(false);
  const body = asked.q.trim() ? { query: asked.q, from: String(Math.round(from)), to: String(Math.round(to)), interval: asked.interval || null } : null;
  const answer = usePost<QueryAnswer>("query", body);
  useEffect(() => {
    document.title = "Explore · heapwatch";
    liveFilter.value = {};
  }, []);
  useEffect(() => setText(asked.q), [asked.q]);
  const run = (next: string) => {
    if (!next.trim()) return;
    remember(next, "metrics", Date.now());
    if (next === asked.q) answer.reload();
    else patch({ q: next, hide: null, before: null, at: null }, "push");
  };
  const data = asked.q.trim() ? answer.data : null;
  return (
    <section class="page explore">
      <div class="bar">
        <h1>Explore</h1>
        <Segments label="Language" value="metrics" onChoose={(value) => value === "logs" && go(link("/logs"))} choices={[{ value: "metrics", title: "Metrics" }, { value: "logs", title: "Logs", help: "Search in messages" }]} />
        <span class="spacer" />
        {asked.q && <Take query={asked.q} lang="metrics" interval={asked.interval} />}
        {asked.q && <button type="button" onClick={() => setKeeping(true)}>Save to dashboard</button>}
      </div>
      <QueryBar lang="metrics" text={text} asked={asked.q} error={answer.error} known={data !== null} hint={HINT} busy={answer.loading} onText={setText} onRun={run}>
        <label class="select small">Every
          <select value={asked.interval} onChange={(event) => patch({ interval: event.currentTarget.value }, "push")}>
            <option value="">what fits</option>
            {INTERVALS.map((one) => <option key={one} value={one}>{one}</option>)}
          </select>
        </label>
        <span class="spacer" />
        {data && <Used answer={data} />}
      </QueryBar>
      {asked.q.trim() === "" ? <Examples onUse={(next) => { setText(next); run(next); }} /> : (
        <>
          {data && <WarningList warnings={data.warnings} />}
          <Answer asked={asked} data={data} loading={answer.loading} failed={answer.error !== null} />
        </>
      )}
      {keeping && <Keep panel={{ query: asked.q, unit: asked.unit, chart: asked.view === "table" ? "table" : asked.kind, ...(asked.interval ? { interval: asked.interval } : {}) }} onClose={() => setKeeping(false)} />}
    </section>
  );
}

function Answer({ asked, data, loading, failed }: { readonly asked: Asked; readonly data: QueryAnswer | null; readonly loading: boolean; readonly failed: boolean }) {
  if (!data && failed) return null;
  const tables = data ? tablesOf(data) : [];
  const letters = data ? data.rows.filter((row) => row.series.length > 0).map((row) => row.letter) : [];
  const curves = !data || letters.length > 0 || tables.length === 0;
  return (
    <>
      <div class="bar slim" data-outdated={loading && data !== null}>
        <Segments label="Shown as" value={asked.view} onChoose={(view) => patch({ view: view === "chart" ? null : view }, "push")}
          choices={[{ value: "chart", title: "Chart" }, { value: "table", title: "Table" }, { value: "json", title: "JSON" }]} />
        {asked.view === "chart" && curves && (
          <Segments label="Kind of chart" value={asked.kind} onChoose={(kind) => patch({ kind: kind === "line" ? null : kind }, "push")} choices={KINDS} />
        )}
        {asked.view !== "json" && (
          <label class="select small">Unit
            <select value={asked.chosenUnit} onChange={(event) => patch({ unit: event.currentTarget.value }, "push")}>
              <option value="">by the query ({asked.unit})</option>
              {UNITS.map(({ value, title }) => <option key={value} value={value}>{title}</option>)}
            </select>
          </label>
        )}
        {letters.length > 1 && <Rows letters={letters} hidden={asked.hidden} />}
      </div>
      {asked.view === "json" ? <Raw data={data} /> : (
        <>
          {tables.map((row) => (
            <section class="card" key={row.letter} aria-label={`Table of row ${row.letter}`}>
              <ColumnsTable columns={row.table.columns} height={HEIGHT} label={`Row ${row.letter}`} unit={asked.unit} fold />
            </section>
          ))}
          {curves && (asked.view === "chart" ? <Curves asked={asked} data={data} loading={loading} /> : (
            <section class="card"><SeriesTable answer={data ?? { rows: [] }} hidden={asked.hidden} unit={asked.unit} height={HEIGHT} label="Series" /></section>
          ))}
        </>
      )}
    </>
  );
}

/** Rows that are only there for a join can be left out of the picture. */
function Rows({ letters, hidden }: { readonly letters: readonly string[]; readonly hidden: ReadonlySet<string> }) {
  return (
    <span class="segments" role="group" aria-label="Rows shown">
      {letters.map((letter) => (
        <button type="button" key={letter} aria-pressed={!hidden.has(letter)} onClick={() => patch({ hide: letters.filter((one) => (one === letter) !== hidden.has(one)) })}>#{letter}</button>
      ))}
    </span>
  );
}

/** Hosts and JVMs that the answer is about, where its labels say so. */
function whoOf(data: QueryAnswer | null): { host: string[]; jvm: string[] } {
  const values = (name: string) => [...new Set((data?.rows ?? []).flatMap((row) => row.series.map((series) => String(series.labels[name] ?? ""))))].filter(Boolean);
  const [host, jvm] = [values("host"), values("jvm")];
  return { host: host.length <= 20 ? host : [], jvm: jvm.length <= 20 ? jvm : [] };
}

function Curves({ asked, data, loading }: { readonly asked: Asked; readonly data: QueryAnswer | null; readonly loading: boolean }) {
  const who = useMemo(() => whoOf(data), [data]);
  const tall = useMemo(() => Math.max(280, Math.min(640, window.innerHeight - (asked.brush ? 560 : 430))), [asked.brush === null]);
  const overlays = useOverlays(data ? {} : null);
  const { times, lines, interval } = useMemo(() => drawn(data ?? { rows: [] }, asked.hidden, asked.kind === "bar"), [data, asked.hidden, asked.kind]);
  const explain = (from: number, to: number) => patch({ before: Math.round(from), at: Math.round(to) }, "push");
  const end = () => patch({ before: null, at: null }, "push");
  return (
    <>
      <TimeChart title="Answer" times={times} lines={lines} interval={interval} unit={asked.unit} height={tall} stack={asked.kind === "stacked"} markers={overlays.markers} behind={overlays.behind}
        loading={loading} legendLimit={24} selection={asked.brush} onSelect={asked.drag === "explain" ? explain : zoomTo} onClear={end}
        empty={data && data.rows.every((row) => row.series.length === 0) ? "Nothing is selected by this query in this range" : "No points in this range"}
        controls={
          <>
            <OverlaySwitches problem={overlays.problem} />
            <Segments label="Dragging" value={asked.drag} onChoose={(drag) => patch({ drag: drag === "zoom" ? null : drag, before: null, at: null })}
              choices={[{ value: "zoom", title: "Zoom" }, { value: "explain", title: "Explain", help: "Drag over the chart: which log messages and events came with it" }]} />
          </>
        } />
      {asked.brush && <Correlated who={who} from={asked.brush.from} to={asked.brush.to} onClose={end} />}
    </>
  );
}

const SHOWN = 200_000;

function Raw({ data }: { readonly data: QueryAnswer | null }) {
  const text = useMemo(() => (data ? JSON.stringify(data, null, 1) : ""), [data]);
  return (
    <section class="card">
      <header><h2>As the server answered</h2><span class="spacer" /><CopyButton text={() => text}>Copy</CopyButton></header>
      <pre class="raw" tabIndex={0} aria-label="JSON">{text.length > SHOWN ? `${text.slice(0, SHOWN)}\n… ${plain(String(text.length - SHOWN))} more characters` : text || "Loading…"}</pre>
    </section>
  );
}
