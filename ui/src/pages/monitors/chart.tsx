/** What a monitor looks at, with the bounds that its points are compared with, and marks where its states changed. */
import { useMemo } from "preact/hooks";
import { usePost } from "../../api/resource";
import { TimeChart } from "../../charts/chart";
import { link } from "../../lib/router";
import { plain } from "../../lib/text";
import { span } from "../../lib/view";
import { drawn, guessedUnit } from "../../query/lines";
import { curvesOf } from "../logs/rows";
import { asLines, limitsOf, type Asked } from "./rows";
import type { LogsAnswer, OneMonitor, QueryAnswer } from "../../api/types";
import type { Marker } from "../../charts/overlay";

const HEIGHT = 220;

interface Props {
  readonly monitor: OneMonitor;
  readonly asked: Asked;
  readonly markers: readonly Marker[];
}

export const Chart = (props: Props) => (props.asked.lang === "logs" ? <OfLogs {...props} /> : <OfMetrics {...props} />);

function useRange() {
  const { from, to } = span.value;
  return { from: String(Math.round(from)), to: String(Math.round(to)) };
}

function OfMetrics({ monitor, asked, markers }: Props) {
  const mode = monitor.settings["mode"] === "live" ? { mode: "live" } : {};
  const answer = usePost<QueryAnswer>("query", { query: asked.query, ...useRange(), ...mode });
  const { times, lines, interval } = useMemo(() => {
    const rows = answer.data?.rows ?? [];
    const row = rows.find((one) => one.letter === asked.row) ?? rows[rows.length - 1];
    return drawn({ rows: row ? [row] : [] });
  }, [answer.data, asked.row]);
  const all = useMemo(() => [...lines, ...asLines(limitsOf(monitor), times)], [lines, times, JSON.stringify(monitor.settings)]);
  return (
    <TimeChart title="What it looks at" times={times} lines={all} interval={interval} unit={guessedUnit(asked.query)} height={HEIGHT} markers={markers} loading={answer.loading && !answer.data}
      controls={<a class="quiet-link" href={link("/explore", { q: asked.query })} title="Ask this query in the explorer">Explore</a>}
      empty={answer.error && !answer.data ? plain(answer.error.message) : "No points in this range"} />
  );
}

function OfLogs({ asked, markers }: Props) {
  const answer = usePost<LogsAnswer>("logs/query", { query: asked.query, ...useRange(), limit: 0 });
  const { data } = answer;
  const curves = useMemo(() => {
    if (!data) return null;
    const own = curvesOf(data.columns, data.order);
    return own ?? (data.counts ? { times: data.counts.times, lines: [{ name: "messages", values: data.counts.values }] } : null);
  }, [data]);
  const lines = useMemo(() => (curves?.lines ?? []).map((line, index) => ({ key: line.name, label: plain(line.name), values: line.values, slot: index, bars: true })), [curves]);
  return (
    <TimeChart title="What it looks at" note="the bounds are for all that its window holds" times={curves?.times ?? []} lines={lines} interval={(curves?.times[1] ?? 0) - (curves?.times[0] ?? 0)} unit="count" height={HEIGHT} markers={markers}
      loading={answer.loading && !data} controls={<a class="quiet-link" href={link("/logs", { q: asked.query })} title="Search on the page of logs">Logs</a>}
      empty={answer.error && !data ? plain(answer.error.message) : "No message in this range"} />
  );
}
