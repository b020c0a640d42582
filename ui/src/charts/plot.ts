/** Columns to uPlot: options are a pure function of the props, `mount` is the thin part that touches the page. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { duration, writer, type Unit } from "../lib/format";
import type { Theme } from "../lib/view";
import { BYTE_STEPS, ELAPSED_STEPS, limitFits, timeTicks, top } from "./axis";
import { bridged, largest, longestStep, nearest, stacked, type Column, type Value } from "./columns";
import { drawBehind, type Behind } from "./behind";
import { overlays, type Marker } from "./overlay";
import { INK, LIMIT_DASH, color, dash, faded, limitColor, type Tone } from "./palette";

export interface Line {
  readonly key: string;
  readonly label: string;
  readonly values: Column;
  /** Place in the palette; -1 is the grey of "(other)". */
  readonly slot: number;
  /** Dash pattern; by default a line has its slot's. */
  readonly dash?: number;
  /** Drawn as columns, not as a curve. */
  readonly bars?: boolean;
  /** A bound, not a measurement: drawn dashed in the limit's colour, left out when it is far above the data. */
  readonly limit?: boolean;
  /** What kind of bound, where there are several. */
  readonly tone?: Tone;
}

export interface PlotProps {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly from: number;
  readonly to: number;
  readonly interval: number; // ms between two buckets
  readonly unit: Unit;
  readonly stack: boolean;
  readonly theme: Theme;
  readonly height: number;
  readonly markers: readonly Marker[];
  readonly behind?: Behind | null;
  readonly selection: { readonly from: number; readonly to: number } | null;
  /** Times count from a start; such a plot shares its crosshair with others of its kind only. */
  readonly elapsed?: boolean;
  readonly onDrag: (from: number, to: number) => void;
  readonly onBack: () => void;
  readonly onCursor: (index: number | null, left: number, pointed: boolean) => void;
}

export interface Plot {
  readonly update: (props: PlotProps) => void;
  readonly point: (index: number | null) => void;
  readonly destroy: () => void;
}

const CROSSHAIR = "heapwatch";
const COLUMNS = (uPlot.paths.bars as uPlot.Series.BarsPathBuilderFactory)({ size: [0.9, 60], align: 1, gap: 1 });
const AXIS = 66;
const SMALLEST_DRAG = 4;

/** What uPlot draws: stacked sums bottom up, or the lines as they are; a limit is never stacked. */
export function toData(props: PlotProps): uPlot.AlignedData {
  const layers = props.lines.filter((line) => !line.limit);
  const bridge = (line: Line) => bridged(props.times, line.values, longestStep(props.times, line.values, props.interval));
  const sums = props.stack ? stacked(layers.map(bridge)) : null;
  const columns = props.lines.map((line) => {
    const layer = layers.indexOf(line);
    return (sums && layer >= 0 ? sums[layer] : line.values) as Value[];
  });
  return [props.times as number[], ...columns];
}

/** The highest thing to be drawn that is no limit, and the highest limit that there is room for beside it. */
export function heights(props: PlotProps, data: uPlot.AlignedData): { most: number | null; limit: number | null } {
  const highest = (limits: boolean) => props.lines.flatMap((line, index) => (Boolean(line.limit) === limits ? (largest(data[index + 1] as Column) ?? []) : []));
  const measured = highest(false);
  const most = measured.length ? Math.max(...measured) : null;
  const fitting = highest(true).filter((limit) => limitFits(most ?? 0, limit));
  return { most, limit: fitting.length ? Math.max(...fitting) : null };
}

/** What must be equal for a plot to be updated in place. */
export function shape(props: PlotProps): string {
  const lines = props.lines.map((line) => [line.key, line.slot, line.dash, line.limit, line.tone, line.bars]);
  return JSON.stringify([props.theme, props.unit, props.stack, props.height, props.elapsed, lines]);
}

function seriesOptions(props: PlotProps, line: Line): uPlot.Series {
  const stroke = line.limit ? limitColor(props.theme, line.tone) : color(props.theme, line.slot);
  const layered = props.stack && !line.limit;
  const pattern = line.limit ? [...LIMIT_DASH[line.tone ?? "worst"]] : layered ? [] : [...dash(line.dash ?? line.slot)];
  return {
    label: line.label,
    stroke,
    width: line.limit ? 1.25 : layered ? 1 : 1.75,
    dash: pattern,
    spanGaps: false,
    gaps: (plot, _index, _from, _to, gaps) => {
      const longest = longestStep(props.times, line.values, props.interval);
      const real = gaps.filter(([a, b]) => plot.posToVal(b, "x", true) - plot.posToVal(a, "x", true) > longest * 1.001);
      return real.map(([a, b]): [number, number] => [a - 1, b + 1]); // no stubs of the line that is cut out
    },
    points: { size: 4, space: 12, ...(line.limit || layered || line.bars ? { show: false } : {}) },
    ...(line.bars ? { paths: COLUMNS, fill: faded(stroke, 0.55), dash: [] } : {}),
  };
}

/** Each layer is filled down to the one below it, the lowest to zero. */
function bandsOf(props: PlotProps): { bands: uPlot.Band[]; lowest: number } {
  const layers = props.lines.map((line, index) => ({ line, index: index + 1 })).filter(({ line }) => !line.limit);
  const bands = layers.slice(1).map(({ line, index }, below) => ({
    series: [index, layers[below]?.index ?? 0] as [number, number],
    fill: faded(color(props.theme, line.slot), 0.62),
  }));
  return { bands, lowest: layers[0]?.index ?? 0 };
}

function options(current: () => PlotProps, width: number, drawn: uPlot.Hooks.Arrays): uPlot.Options {
  const props = current();
  const ink = INK[props.theme];
  const { bands, lowest } = props.stack ? bandsOf(props) : { bands: [], lowest: 0 };
  const series = props.lines.map((line) => seriesOptions(props, line));
  const only = props.lines.filter((line) => !line.limit).length === 1;
  series.forEach((one, index) => {
    const line = props.lines[index] as Line;
    if (line.bars) return;
    if (props.stack && index + 1 === lowest) one.fill = faded(color(props.theme, line.slot), 0.62);
    else if (only && !props.stack && !line.limit) one.fill = faded(color(props.theme, line.slot), 0.1);
  });
  const write = writer(props.unit);
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const lines = { stroke: ink.grid, width: 1 };
  return {
    width,
    height: props.height,
    ms: 1,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    series: [{}, ...series],
    bands,
    scales: {
      x: { time: !props.elapsed, range: () => [current().from, current().to] },
      y: {
        range: (plot) => {
          const { most, limit } = heights(current(), plot.data);
          return [0, top(most, limit)];
        },
      },
    },
    axes: [
      {
        stroke: ink.muted, font, size: 26, gap: 4, space: 58, grid: { show: false },
        ticks: { ...lines, size: 4 },
        ...(props.elapsed ? { incrs: ELAPSED_STEPS } : {}),
        values: (_plot, splits, _axis, _space, step) => (props.elapsed ? splits.map((split) => (split ? duration(split) : "0")) : timeTicks(splits, step)),
      },
      {
        stroke: ink.muted, font, size: AXIS, gap: 6, space: props.height < 160 ? 22 : 34, grid: lines, ticks: { show: false },
        ...(props.unit === "bytes" ? { incrs: BYTE_STEPS } : {}),
        values: (_plot, splits) => splits.map((value) => write(value)),
      },
    ],
    cursor: cursorOptions(current),
    hooks: drawn,
  };
}

function cursorOptions(current: () => PlotProps): uPlot.Cursor {
  return {
    y: false,
    points: { size: 7 },
    drag: { x: true, y: false, setScale: false, dist: SMALLEST_DRAG },
    bind: {
      dblclick: () => () => {
        current().onBack();
        return null;
      },
    },
    sync: {
      key: current().elapsed ? `${CROSSHAIR} elapsed` : CROSSHAIR,
      setSeries: false,
      scales: ["x", null],
      filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
    },
    dataIdx: (_plot, seriesIndex, index) => {
      const { times, lines, interval } = current();
      const line = lines[seriesIndex - 1];
      return line ? nearest(times, line.values, index, longestStep(times, line.values, interval)) : index;
    },
  };
}

export function mount(host: HTMLElement, first: PlotProps): Plot {
  let props = first;
  let plot: uPlot;
  let made = "";
  let pointed = false;
  const over = overlays();
  const hooks: uPlot.Hooks.Arrays = {
    ready: [(self) => over.attach(self.over)],
    drawClear: [(self) => drawBehind(self, props.behind ?? null, props.theme)],
    draw: [(self) => over.place(self, props)],
    setSelect: [
      (self) => {
        const { left, width } = self.select;
        if (width >= SMALLEST_DRAG) props.onDrag(self.posToVal(left, "x"), self.posToVal(left + width, "x"));
        self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      },
    ],
    setCursor: [(self) => props.onCursor(self.cursor.idx ?? null, self.cursor.left ?? -1, pointed)],
  };
  const make = () => {
    plot = new uPlot(options(() => props, host.clientWidth, hooks), toData(props), host);
    plot.over.addEventListener("pointerenter", () => (pointed = true));
    plot.over.addEventListener("pointerleave", () => (pointed = false));
    made = shape(props);
  };
  make();
  const resize = new ResizeObserver(() => {
    if (host.clientWidth > 0 && host.clientWidth !== plot.width) plot.setSize({ width: host.clientWidth, height: props.height });
  });
  resize.observe(host);
  return {
    update(next) {
      props = next;
      if (shape(next) !== made) {
        plot.destroy();
        make();
      } else {
        plot.setData(toData(next), true);
      }
    },
    point(index) {
      const time = index === null ? undefined : props.times[index];
      plot.setCursor(time === undefined ? { left: -10, top: -10 } : { left: plot.valToPos(time, "x"), top: 10 });
    },
    destroy() {
      resize.disconnect();
      plot.destroy();
    },
  };
}
