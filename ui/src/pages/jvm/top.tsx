/** The classes that hold most, stacked; giants can be cut off so that what grows beneath them shows. */
import { useMemo } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { Series } from "../../api/types";
import { largest } from "../../charts/columns";
import type { Line } from "../../charts/plot";
import { TimeChart } from "../../charts/chart";
import { Failure, Segments } from "../../lib/controls";
import { bytes, count } from "../../lib/format";
import { patch } from "../../lib/router";
import { parted, plain } from "../../lib/text";
import { span } from "../../lib/view";
import type { Over } from "../../query/overlays";
import type { Choice } from "./selection";

const HEIGHT = 212;
const SHOWN = 10;
const ASKED_WHEN_CUT = 60;
export const OTHER = "(other)";

/** The largest `SHOWN` that never reach the cut; what is left out of the server's answer stays "(other)" unless cut. */
export function topLines(answer: Series, cut: number | null): { lines: Line[]; hidden: number } {
  const named = answer.series.filter((series) => series.labels["class"] !== OTHER);
  const kept = cut === null ? named : named.filter((series) => (largest(series.values) ?? 0) < cut);
  const lines: Line[] = kept.slice(0, SHOWN).map((series, index) => {
    const name = String(series.labels["class"]);
    return { key: name, label: plain(name), values: series.values, slot: index };
  });
  const other = answer.series.find((series) => series.labels["class"] === OTHER);
  if (cut === null && other) lines.push({ key: OTHER, label: "all other classes", values: other.values, slot: -1 });
  return { lines, hidden: named.length - kept.length };
}

/** Short names where they are unambiguous; the full name is on hover. */
export function shortened(lines: readonly Line[]): Line[] {
  const own = lines.map((line) => parted(line.label).own);
  return lines.map((line, index) => ({ ...line, label: line.slot < 0 || own.filter((name) => name === own[index]).length > 1 ? line.label : (own[index] ?? line.label) }));
}

/** Thresholds worth offering: round numbers under the largest curve. */
export function cuts(answer: Series | null, by: Choice["by"]): number[] {
  const most = Math.max(0, ...(answer?.series ?? []).filter((series) => series.labels["class"] !== OTHER).map((series) => largest(series.values) ?? 0));
  const base = by === "bytes" ? 1024 * 1024 : 1000;
  return [500, 200, 100, 50, 20, 10, 5, 2, 1].map((step) => step * base).filter((cut) => cut < most * 2);
}

export function Top({ choice, over }: { readonly choice: Choice; readonly over: Over }) {
  const { from, to } = span.value;
  const answer = useApi<Series>("top", {
    host: choice.host, jvm: choice.jvm, mode: choice.mode, from, to, by: choice.by, n: choice.cut === null ? SHOWN : ASKED_WHEN_CUT,
  });
  const { lines, hidden } = useMemo(() => (answer.data ? topLines(answer.data, choice.cut) : { lines: [], hidden: 0 }), [answer.data, choice.cut]);
  const drawn = useMemo(() => shortened(lines), [lines]);
  const write = choice.by === "bytes" ? bytes : count;
  if (answer.error && !answer.data) return <Failure error={answer.error} onRetry={answer.reload} />;
  return (
    <TimeChart
      title={choice.by === "bytes" ? "Top classes, shallow bytes" : "Top classes, instances"}
      note={choice.cut === null ? undefined : `${hidden} above ${write(choice.cut)} left out`}
      times={answer.data?.times ?? []} lines={drawn} interval={(answer.data?.interval_s ?? 0) * 1000} unit={choice.by === "bytes" ? "bytes" : "count"}
      height={HEIGHT} stack markers={over.markers} behind={over.behind} loading={answer.loading} empty={choice.cut === null ? "No histogram in this range" : "Every class is above the cut"}
      controls={
        <>
          <label class="select small">
            Leave out above
            <select value={choice.cut === null ? "" : String(choice.cut)} onChange={(event) => patch({ cut: event.currentTarget.value }, "push")}>
              <option value="">nothing</option>
              {[...new Set([...cuts(answer.data, choice.by), ...(choice.cut === null ? [] : [choice.cut])])].sort((a, b) => b - a).map((cut) => <option key={cut} value={cut}>{write(cut)}</option>)}
            </select>
          </label>
          <Segments label="Measure" value={choice.by} onChoose={(by) => patch({ by: by === "bytes" ? null : by, cut: null }, "push")}
            choices={[{ value: "bytes", title: "Bytes", help: "Shallow bytes" }, { value: "instances", title: "Instances" }]} />
        </>
      } />
  );
}
