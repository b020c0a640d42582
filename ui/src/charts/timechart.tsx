/** A time chart as the pages use it: heading, plot, legend, tooltip, keyboard, and its numbers as a table. */
import { useComputed, useSignal, type Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { duration, exact, moment, utc, writer, type Unit } from "../lib/format";
import { span, theme, zoomBack, zoomTo } from "../lib/view";
import { cursorTime, limitFits } from "./axis";
import { first, largest, last, longestStep, nearest, smallest } from "./columns";
import type { Behind } from "./behind";
import { Legend } from "./legend";
import type { Marker } from "./overlay";
import { mount, type Line, type Plot, type PlotProps } from "./plot";
import { Tooltip } from "./tooltip";

export interface TimeChartProps {
  readonly title: string;
  readonly note?: string;
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly interval: number;
  readonly unit: Unit;
  readonly height: number;
  readonly stack?: boolean;
  readonly markers?: readonly Marker[];
  readonly behind?: Behind | null;
  readonly selection?: { from: number; to: number } | null;
  readonly onSelect?: (from: number, to: number) => void;
  readonly onClear?: () => void;
  readonly controls?: ComponentChildren;
  readonly empty?: string;
  readonly loading?: boolean;
  readonly legendLimit?: number;
  /** Times count from a start, up to this many ms, and are no moments: the range of the page does not apply. */
  readonly elapsed?: number;
}

const TABLE_ROWS = 60;

export function TimeChart(props: TimeChartProps) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [asTable, setAsTable] = useState(false);
  const [large, setLarge] = useState(false);
  const height = useFilling(large, props.height);
  const cursor = useSignal<{ index: number; left: number; pointed: boolean } | null>(null);
  const spoken = useSignal("");
  const id = useId();
  const shown = useMemo(() => props.lines.filter((line) => !hidden.has(line.key)), [props.lines, hidden]);
  const { from, to } = props.elapsed === undefined ? span.value : { from: 0, to: props.elapsed };
  const isEmpty = !props.lines.some((line) => !line.limit && line.values.some((value) => value !== null));
  const bound = isEmpty ? null : farLimit(shown);
  const toggle = (key: string, alone: boolean) =>
    setHidden((old) => {
      const keys = props.lines.map((line) => line.key);
      if (alone) return old.size === keys.length - 1 && !old.has(key) ? new Set() : new Set(keys.filter((one) => one !== key));
      const next = new Set(old);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  return (
    <figure class={large ? "chart large" : "chart"} role="figure" aria-labelledby={id} aria-busy={props.loading ?? false}
      onKeyDown={(event) => { if (large && event.key === "Escape" && !event.defaultPrevented) { event.preventDefault(); setLarge(false); } }}>
      <figcaption>
        <h3 id={id}>{props.title}</h3>
        {props.note && <span class="note">{props.note}</span>}
        {bound !== null && (
          <span class="note limit" title={`${exact(bound, props.unit === "bytes" ? "bytes" : "")}; far above the data, so it is not drawn`}>limit {writer(props.unit)(bound)} ↑</span>
        )}
        <span class="spacer" />
        {props.controls}
        <button class="icon" type="button" aria-pressed={large} title={large ? "Back to its place (Esc)" : "Fill the window"} onClick={() => setLarge(!large)}>
          <span class="glyph-large" aria-hidden="true" />
          <span class="sr">{props.title} in the whole window</span>
        </button>
        <button class="icon" type="button" aria-pressed={asTable} title="Show the numbers as a table" onClick={() => setAsTable(!asTable)}>
          <span class="glyph-table" aria-hidden="true" />
          <span class="sr">Numbers of {props.title} as a table</span>
        </button>
      </figcaption>
      {isEmpty ? (
        <div class="chart-empty" style={{ height: `${height}px` }}>
          {props.loading ? <span class="skeleton fill" /> : (props.empty ?? "No samples in this range")}
        </div>
      ) : (
        <Canvas {...props} height={height} lines={shown} from={from} to={to} cursor={cursor} spoken={spoken} />
      )}
      {!isEmpty && <Legend lines={props.lines} hidden={hidden} unit={props.unit} times={props.times} interval={props.interval} cursor={cursor} onToggle={toggle} limit={large ? 60 : (props.legendLimit ?? 12)} behind={props.behind ?? null} />}
      <Summary {...props} />
      {asTable && <Numbers {...props} lines={shown} />}
      <p class="sr" aria-live="polite">{spoken}</p>
    </figure>
  );
}

const AROUND = 190; // px that heading and legend of a chart in the whole window take

/** The height of a chart that fills the window, else its own. */
function useFilling(large: boolean, own: number): number {
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    if (!large) return undefined;
    const measure = () => setRoom(window.innerHeight - AROUND);
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, [large]);
  return large && room > own ? room : own;
}

/** The nearest limit, where all are too far above the data to be drawn. */
function farLimit(lines: readonly Line[]): number | null {
  const limits = lines.filter((line) => line.limit).map((line) => largest(line.values) ?? 0);
  if (!limits.length) return null;
  const most = Math.max(0, ...lines.filter((line) => !line.limit).map((line) => largest(line.values) ?? 0));
  const limit = Math.min(...limits);
  return limit > 0 && !limitFits(most, limit) ? limit : null;
}

interface CanvasProps extends TimeChartProps {
  readonly from: number;
  readonly to: number;
  readonly cursor: Signal<{ index: number; left: number; pointed: boolean } | null>;
  readonly spoken: Signal<string>;
}

function Canvas(props: CanvasProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const plotProps: PlotProps = {
    times: props.times,
    lines: props.lines,
    from: props.from,
    to: props.to,
    interval: props.interval,
    unit: props.unit,
    stack: props.stack ?? false,
    theme: theme.value,
    height: props.height,
    markers: props.markers ?? [],
    behind: props.behind ?? null,
    selection: props.selection ?? null,
    elapsed: props.elapsed !== undefined,
    onDrag: props.onSelect ?? (props.elapsed === undefined ? zoomTo : () => undefined),
    onBack: () => (props.selection && props.onClear ? props.onClear() : props.elapsed === undefined && zoomBack()),
    onCursor: (index, left, pointed) => {
      props.cursor.value = index === null || left < 0 ? null : { index, left, pointed };
    },
  };
  const latest = useRef(plotProps);
  latest.current = plotProps;
  useLayoutEffect(() => {
    plot.current = mount(host.current as HTMLDivElement, latest.current);
    return () => plot.current?.destroy();
  }, []);
  useEffect(() => plot.current?.update(plotProps), [
    props.times, props.lines, props.from, props.to, props.stack,
    props.unit, props.height, props.markers, props.behind, props.selection?.from, props.selection?.to, props.elapsed, theme.value, props.onSelect,
  ]);
  const label = useComputed(() => `${props.title}: chart. Arrow keys move the cursor, Shift with arrow keys selects.`);
  return (
    <div class="plot" tabIndex={0} role="group" aria-roledescription="chart" aria-label={label.value}
      onKeyDown={(event) => moveByKey(event, props, plot.current)}
      onBlur={() => plot.current?.point(null)}>
      <div ref={host} class="plot-host" style={{ height: `${props.height}px` }} />
      <Tooltip cursor={props.cursor} times={props.times} lines={props.lines} unit={props.unit} interval={props.interval} stack={props.stack ?? false} behind={props.behind ?? null} elapsed={props.elapsed !== undefined} />
    </div>
  );
}

/** Arrow keys walk over the samples; with Shift they span a selection; Escape and Backspace go back. */
function moveByKey(event: KeyboardEvent, props: CanvasProps, plot: Plot | null): void {
  const { times, cursor } = props;
  const end = times.length - 1;
  const at = cursor.peek()?.index ?? (event.key === "ArrowRight" || event.key === "Home" ? -1 : end + 1);
  const page = Math.max(1, Math.round(times.length / 10));
  const steps: Readonly<Record<string, number>> = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - page, PageDown: at + page, Home: 0, End: end };
  const wanted = steps[event.key];
  if (wanted === undefined) {
    if (event.key === "Escape" && props.selection) props.onClear?.();
    else if (event.key === "Backspace") zoomBack();
    else return;
    event.preventDefault();
    return;
  }
  event.preventDefault();
  const index = Math.min(end, Math.max(0, wanted));
  const time = times[index];
  if (time === undefined) return;
  if (event.shiftKey && props.onSelect) {
    const other = times[Math.min(end, Math.max(0, at))] ?? time;
    const anchor = props.selection ? (Math.abs(props.selection.from - other) < Math.abs(props.selection.to - other) ? props.selection.to : props.selection.from) : other;
    if (anchor !== time) props.onSelect(Math.min(anchor, time), Math.max(anchor, time));
  }
  plot?.point(index);
  props.spoken.value = sentence(props, index);
}

function sentence({ times, lines, unit, interval, from, to, elapsed }: CanvasProps, index: number): string {
  const write = writer(unit);
  const values = lines.map((line) => {
    const near = nearest(times, line.values, index, longestStep(times, line.values, interval));
    return `${line.label} ${near === null ? "no sample" : write(line.values[near])}`;
  });
  return `${cursorTime(times[index] ?? 0, from, to, elapsed !== undefined)}: ${values.slice(0, 8).join(", ")}`;
}

/** For those who do not see the curve: what a glance at it tells. */
function Summary({ title, lines, unit }: TimeChartProps) {
  const write = writer(unit);
  return (
    <table class="sr">
      <caption>{title}: summary of the range shown</caption>
      <thead><tr><th>Series</th><th>First</th><th>Last</th><th>Lowest</th><th>Highest</th></tr></thead>
      <tbody>
        {lines.slice(0, 40).map((line) => (
          <tr key={line.key}>
            <th scope="row">{line.label}</th>
            {[first, last, smallest, largest].map((pick) => <td>{write(pick(line.values))}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Numbers({ title, times, lines, unit, elapsed }: TimeChartProps) {
  const write = writer(unit);
  const filled = times.map((_, index) => index).filter((index) => lines.some((line) => line.values[index] != null));
  const step = Math.max(1, Math.ceil(filled.length / TABLE_ROWS));
  const rows = filled.filter((_, place) => (filled.length - 1 - place) % step === 0).reverse();
  return (
    <div class="numbers" tabIndex={0} role="region" aria-label={`Numbers of ${title}`}>
      <table>
        <thead><tr><th>Time</th>{lines.map((line) => <th key={line.key}>{line.label}</th>)}</tr></thead>
        <tbody>
          {rows.map((index) => (
            <tr key={times[index]}>
              {elapsed === undefined ? <th scope="row" title={utc(times[index])}>{moment(times[index], Date.now())}</th> : <th scope="row">{duration(times[index])}</th>}
              {lines.map((line) => <td key={line.key} title={exact(line.values[index])}>{write(line.values[index])}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
