/** All objects by time against the limit. Dragging here chooses what the table below compares. */
import { useMemo, useState } from "preact/hooks";
import type { FleetRow, Totals } from "../../api/types";
import type { Line } from "../../charts/plot";
import { TimeChart } from "../../charts/chart";
import { Segments } from "../../lib/controls";
import { patch } from "../../lib/router";
import { zoomTo } from "../../lib/view";
import type { Over } from "../../query/overlays";
import { nameLives } from "./lives";
import type { Choice } from "./selection";

const HEIGHT = 212;
type Drag = "compare" | "zoom";

interface Props {
  readonly totals: Totals | null;
  readonly rows: readonly FleetRow[];
  readonly choice: Choice;
  readonly over: Over;
  readonly loading: boolean;
}

export function totalLines(totals: Totals, by: Choice["by"], heapMax: number | null): Line[] {
  const names = nameLives(totals.series.map((series) => series.labels));
  const lines: Line[] = totals.series.map((series, index) => ({
    key: JSON.stringify(series.labels),
    label: names[index] ?? "",
    values: by === "bytes" ? series.bytes : series.instances,
    slot: index,
  }));
  if (by === "bytes" && heapMax !== null && heapMax > 0) {
    lines.push({ key: "limit", label: "heap limit", values: totals.times.map(() => heapMax), slot: 0, limit: true });
  }
  return lines;
}

export function Total({ totals, rows, choice, over, loading }: Props) {
  const [drag, setDrag] = useState<Drag>("compare");
  const limits = rows.map((row) => row.heap_max).filter((limit) => limit !== null);
  const heapMax = limits.length && new Set(limits).size === 1 ? (limits[0] ?? null) : null;
  const lines = useMemo(() => (totals ? totalLines(totals, choice.by, heapMax) : []), [totals, choice.by, heapMax]);
  const compare = (from: number, to: number) => patch({ before: Math.round(from), at: Math.round(to), compare: null }, "push");
  return (
    <TimeChart
      title={choice.by === "bytes" ? "Total shallow bytes" : "Total instances"}
      times={totals?.times ?? []} lines={lines} interval={(totals?.interval_s ?? 0) * 1000} unit={choice.by === "bytes" ? "bytes" : "count"}
      height={HEIGHT} markers={over.markers} behind={over.behind} selection={choice.brush} loading={loading}
      onSelect={drag === "compare" ? compare : zoomTo}
      onClear={() => patch({ before: null, at: null }, "push")}
      empty="No histogram in this range"
      controls={
        <>
          <Segments label="Objects counted" value={choice.mode} onChoose={(mode) => patch({ mode: mode === "all" ? null : mode }, "push")}
            choices={[{ value: "all", title: "All objects", help: "Histograms that count garbage too" }, { value: "live", title: "Live only", help: "Histograms taken after a forced collection, where there are any" }]} />
          <Segments label="Dragging" value={drag} onChoose={setDrag}
            choices={[{ value: "compare", title: "Compare", help: "Drag over the chart to compare its ends in the table" }, { value: "zoom", title: "Zoom", help: "Drag over the chart to zoom in" }]} />
        </>
      } />
  );
}
