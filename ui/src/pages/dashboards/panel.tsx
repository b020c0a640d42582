/** One panel: its question with the chosen values, asked once it is in sight, and the answer in the form it wants. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ApiError } from "../../api/client";
import { usePost, type Resource } from "../../api/resource";
import type { LogsAnswer, Panel as Shown, QueryAnswer, QueryWarning } from "../../api/types";
import type { Marker } from "../../charts/overlay";
import { last } from "../../charts/columns";
import { Sparkline } from "../../charts/sparkline";
import { TimeChart } from "../../charts/chart";
import { Treemap, type Area } from "../../charts/treemap";
import { count, exact, writer, type Unit } from "../../lib/format";
import { link } from "../../lib/router";
import { plain } from "../../lib/text";
import { span } from "../../lib/view";
import { behindOf } from "../../query/overlays";
import { drawn, limitLine, seriesNames } from "../../query/lines";
import { ColumnsTable, SeriesTable, tablesOf } from "../../query/tables";
import { MessageList } from "../logs/list";
import { curvesOf, messages } from "../logs/rows";
import { inWords, substitute, type Values } from "./variables";

export const HEIGHTS: Readonly<Record<Shown["height"], number>> = { low: 96, normal: 200, high: 340 };
const NO_MARKERS: readonly Marker[] = [];
const NOTHING: ReadonlySet<string> = new Set();
const MESSAGES = 200;

interface Props {
  readonly panel: Shown;
  readonly values: Values;
  readonly markers: readonly Marker[];
  readonly height: number;
  readonly controls: ComponentChildren;
}

/** Far down a long dashboard nothing is asked before somebody looks. */
function useSeen() {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => setSeen(entries.some((entry) => entry.isIntersecting)), { rootMargin: "200px" });
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return { box, seen };
}

export function Panel(props: Props) {
  const { box, seen } = useSeen();
  const { panel } = props;
  return (
    <div ref={box} class={`panel ${panel.width}`} style={{ minHeight: `${props.height + 60}px` }}>
      {panel.logs != null ? <OfLogs {...props} seen={seen} /> : <OfMetrics {...props} seen={seen} />}
    </div>
  );
}

/** While it is out of sight an answer stays as it was. */
function useWhileSeen<T>(path: string, body: Readonly<Record<string, unknown>> | null, seen: boolean): Resource<T> {
  const kept = useRef(body);
  if (seen || kept.current === null) kept.current = seen ? body : null;
  return usePost<T>(path, kept.current);
}

function useSpan() {
  const { from, to } = span.value;
  return { from: String(Math.round(from)), to: String(Math.round(to)) };
}

interface Asking extends Props {
  readonly seen: boolean;
}

function OfMetrics({ panel, values, markers, height, controls, seen }: Asking) {
  const range = useSpan();
  const interval = panel.interval ? substitute(panel.interval, values) : null;
  const question = substitute(panel.query ?? "", values);
  const answer = useWhileSeen<QueryAnswer>("query", { query: question, ...range, interval }, seen);
  const limit = useWhileSeen<QueryAnswer>("query", panel.limit_query ? { query: substitute(panel.limit_query, values), ...range, interval } : null, seen);
  const behind = useWhileSeen<LogsAnswer>("logs/query", panel.overlay ? { query: substitute(panel.overlay.logs, values), ...range, limit: 0 } : null, seen);
  const data = useMemo(() => (answer.data && panel.rows.length ? { ...answer.data, rows: answer.data.rows.filter((row) => panel.rows.includes(row.letter)) } : answer.data), [answer.data, panel.rows]);
  const bars = panel.chart === "bar";
  const { times, lines, interval: step } = useMemo(() => drawn(data ?? { rows: [] }, NOTHING, bars), [data, bars]);
  const bound = limit.data ? last(limit.data.rows.flatMap((row) => row.series)[0]?.values ?? []) : typeof panel.limit === "number" ? panel.limit : null;
  const all = useMemo(() => [...lines, ...limitLine(times, bound, panel.limit_title)], [lines, times, bound, panel.limit_title]);
  const counts = useMemo(() => behindOf(behind.data, panel.overlay?.title || panel.overlay?.logs || ""), [behind.data]);
  const title = inWords(panel.title, values);
  const note = inWords(panel.about, values);
  const actions = (
    <>
      <Told warnings={data?.warnings ?? []} error={answer.error} />
      <a class="quiet-link" href={link("/explore", { q: question, unit: panel.unit })} title="Ask this query in the explorer">Explore</a>
      {controls}
    </>
  );
  if (panel.chart === "line" || panel.chart === "stacked" || bars) {
    return (
      <TimeChart title={title} note={note} times={times} lines={all} interval={step} unit={panel.unit} height={height} stack={panel.chart === "stacked"} markers={panel.events ? markers : NO_MARKERS} behind={counts}
        loading={answer.loading && !data} controls={actions} empty={answer.error && !data ? plain(answer.error.message) : "No points in this range"} />
    );
  }
  return (
    <Framed title={title} note={note} controls={actions} height={height} busy={answer.loading} error={data ? null : answer.error}>
      {data && panel.chart === "table" && <Tables answer={data} unit={panel.unit} height={height} title={title} />}
      {data && panel.chart === "stat" && <Stats answer={data} unit={panel.unit} limit={bound} />}
      {data && panel.chart === "treemap" && <Areas answer={data} unit={panel.unit} height={height} title={title} />}
    </Framed>
  );
}

function OfLogs({ panel, values, markers, height, controls, seen }: Asking) {
  const range = useSpan();
  const question = substitute(panel.logs ?? "", values);
  const answer = useWhileSeen<LogsAnswer>("logs/query", { query: question, ...range, limit: MESSAGES }, seen);
  const { data } = answer;
  const curved = panel.chart === "line" || panel.chart === "stacked" || panel.chart === "bar";
  const curves = useMemo(() => {
    if (!data || !curved) return null;
    const own = curvesOf(data.columns, data.order);
    return own ?? (data.counts ? { times: data.counts.times, lines: [{ name: "messages", values: data.counts.values }] } : null);
  }, [data, curved]);
  const lines = useMemo(() => (curves?.lines ?? []).map((line, index) => ({ key: line.name, label: plain(line.name), values: line.values, slot: index, ...(panel.chart === "bar" ? { bars: true } : {}) })), [curves, panel.chart]);
  const title = inWords(panel.title, values);
  const note = inWords(panel.about, values);
  const actions = (
    <>
      <Told warnings={data?.warnings ?? []} error={answer.error} />
      <a class="quiet-link" href={link("/logs", { q: question })} title="Search on the page of logs">Logs</a>
      {controls}
    </>
  );
  if (curved) {
    return (
      <TimeChart title={title} note={note} times={curves?.times ?? []} lines={lines} interval={(curves?.times[1] ?? 0) - (curves?.times[0] ?? 0)} unit={panel.unit} height={height} stack={panel.chart === "stacked"}
        markers={panel.events ? markers : NO_MARKERS} loading={answer.loading && !data} controls={actions} empty={answer.error && !data ? plain(answer.error.message) : "No message in this range"} />
    );
  }
  return (
    <Framed title={title} note={note} controls={actions} height={height} busy={answer.loading} error={data ? null : answer.error}>
      {data && panel.chart === "stat" && <p class="stat"><strong>{statOf(data, panel.unit)}</strong></p>}
      {data && panel.chart !== "stat" && (data.kind === "messages"
        ? <div class="panel-messages" style={{ height: `${height}px` }}><MessageList rows={messages(data.columns, data.order)} wrap={false} today={data.to} view={question} onField={() => undefined} /></div>
        : <ColumnsTable columns={data.columns} order={data.order} height={`${height}px`} label={title} unit={panel.unit} />)}
    </Framed>
  );
}

function statOf(data: LogsAnswer, unit: Unit): string {
  if (data.kind === "messages") return count(data.total);
  const cell = data.order.map((name) => data.columns[name]?.[0]).find((value) => typeof value === "number");
  return typeof cell === "number" ? writer(unit)(cell) : "–";
}

/** What was left out of an answer, on hover; an error when an older answer is still shown. */
function Told({ warnings, error }: { readonly warnings: readonly QueryWarning[]; readonly error: ApiError | null }) {
  const texts = [...(error ? [error.message] : []), ...warnings.map((warning) => `${warning.row ? `#${warning.row} ` : ""}${warning.message}`)].map(plain);
  if (!texts.length) return null;
  return <span class={error ? "told bad" : "told"} role="img" tabIndex={0} title={texts.join("\n")} aria-label={texts.join("; ")}>!</span>;
}

function Framed({ title, note, controls, height, busy, error, children }: {
  readonly title: string;
  readonly note: string;
  readonly controls: ComponentChildren;
  readonly height: number;
  readonly busy: boolean;
  readonly error: ApiError | null;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="chart framed" aria-label={title} aria-busy={busy}>
      <div class="framed-head"><h3>{title}</h3>{note && <span class="note">{note}</span>}<span class="spacer" />{controls}</div>
      {error ? <div class="chart-empty" style={{ height: `${height}px` }}>{plain(error.message)}</div> : <div style={{ minHeight: `${height}px` }}>{children}</div>}
    </section>
  );
}

function Tables({ answer, unit, height, title }: { readonly answer: QueryAnswer; readonly unit: Unit; readonly height: number; readonly title: string }) {
  const tables = tablesOf(answer);
  return (
    <>
      {tables.map((row) => <ColumnsTable key={row.letter} columns={row.table.columns} height={`${height}px`} label={title} unit={unit} fold />)}
      {tables.length === 0 && <SeriesTable answer={answer} hidden={NOTHING} unit={unit} height={`${height}px`} label={title} />}
    </>
  );
}

const MOST_STATS = 8;

function Stats({ answer, unit, limit }: { readonly answer: QueryAnswer; readonly unit: Unit; readonly limit: number | null }) {
  const { from, to } = span.value;
  const write = writer(unit);
  const shown = answer.rows.flatMap((row) => {
    const names = seriesNames(row.series.map((series) => series.labels));
    // The newest bucket is not over yet; a sum over a part of it would look like a fall.
    const whole = row.times.filter((time) => time + row.interval_s * 1000 <= answer.to).length || row.times.length;
    return row.series.map((series, index) => ({ name: names[index] ?? "", times: row.times.slice(0, whole), values: series.values.slice(0, whole) }));
  });
  if (!shown.length) return <p class="stat"><strong>–</strong></p>;
  if (shown.length === 1) {
    const only = shown[0];
    const value = last(only?.values ?? []);
    return (
      <p class="stat"><strong title={exact(value)} data-over={limit !== null && value !== null && value > limit}>{write(value)}</strong>
        <Sparkline times={only?.times ?? []} values={only?.values ?? []} limit={limit} from={from} to={to} width={180} height={36} label={`newest ${write(value)}`} /></p>
    );
  }
  return (
    <dl class="stats">
      {shown.slice(0, MOST_STATS).map((one) => <div key={one.name}><dt><bdi>{one.name}</bdi></dt><dd title={exact(last(one.values))}>{write(last(one.values))}</dd></div>)}
      {shown.length > MOST_STATS && <div><dt>and {shown.length - MOST_STATS} more</dt><dd /></div>}
    </dl>
  );
}

function Areas({ answer, unit, height, title }: { readonly answer: QueryAnswer; readonly unit: Unit; readonly height: number; readonly title: string }) {
  const areas: Area[] = answer.rows.flatMap((row) => {
    const names = seriesNames(row.series.map((series) => series.labels));
    return row.series.map((series, index): Area => {
      const now = last(series.values);
      const before = series.values.find((value) => value !== null) ?? null;
      return { key: `${row.letter} ${JSON.stringify(series.labels)}`, name: names[index] ?? "", bytes: Math.max(0, now ?? 0), delta: now === null || before === null ? null : now - before, note: "" };
    });
  });
  return <Treemap areas={areas} height={height} label={title} unit={unit} />;
}
