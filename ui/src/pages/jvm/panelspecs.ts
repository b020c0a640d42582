/** Which metrics make which chart, and what is done to them on the way. */
import type { Labels, Series } from "../../api/types";
import { perMs, scaledBy, type Value } from "../../charts/columns";
import type { Line } from "../../charts/plot";
import type { Unit } from "../../lib/format";
import { plain } from "../../lib/text";
import { ALONE, nameLives } from "./lives";

interface Part {
  readonly metric: string;
  readonly label: string;
  readonly limit?: boolean;
  /** A counter that only rises is drawn as its increase: per minute, or as a share of time for milliseconds. */
  readonly as?: "perMinute" | "share";
  /** One line for each value of this label. */
  readonly each?: string;
}

export interface Panel {
  readonly title: string;
  readonly unit: Unit;
  readonly stack?: boolean;
  readonly empty?: string;
  readonly parts: readonly Part[];
}

const MINUTE = 60_000;

export const PANELS: readonly Panel[] = [
  { title: "Heap", unit: "bytes", parts: [
    { metric: "jvm.heap.used", label: "used" }, { metric: "jvm.heap.after_gc", label: "after GC" },
    { metric: "jvm.heap.committed", label: "committed" }, { metric: "jvm.heap.max", label: "limit", limit: true },
  ] },
  { title: "Heap pools", unit: "bytes", stack: true, parts: [{ metric: "jvm.pool.used", label: "", each: "pool" }] },
  { title: "Time in GC", unit: "ratio", parts: [{ metric: "jvm.gc.load", label: "all" }, { metric: "jvm.gc.time_ms", label: "", each: "gc", as: "share" }] },
  { title: "Collections", unit: "perMinute", parts: [{ metric: "jvm.gc.count", label: "", each: "gc", as: "perMinute" }] },
  { title: "Threads", unit: "count", parts: [
    { metric: "jvm.threads.live", label: "live" }, { metric: "jvm.threads.daemon", label: "daemon" }, { metric: "jvm.threads.peak", label: "peak" },
  ] },
  { title: "Loaded classes", unit: "count", parts: [{ metric: "jvm.classes.loaded", label: "loaded" }, { metric: "jvm.classes.unloaded", label: "unloaded" }] },
  { title: "Metaspace", unit: "bytes", parts: [
    { metric: "jvm.metaspace.used", label: "used" }, { metric: "jvm.metaspace.committed", label: "committed" }, { metric: "jvm.class_space.used", label: "class space" },
  ] },
  { title: "Process memory", unit: "bytes", empty: "The agent could not read it", parts: [
    { metric: "jvm.process.rss", label: "resident" }, { metric: "jvm.process.swap", label: "swapped" },
    { metric: "cgroup.memory.used", label: "cgroup" }, { metric: "cgroup.memory.limit", label: "cgroup limit", limit: true },
  ] },
  { title: "Open files", unit: "count", empty: "The agent could not read it", parts: [{ metric: "jvm.process.open_files", label: "open files" }] },
  { title: "Processor", unit: "ratio", empty: "The agent could not read it", parts: [{ metric: "jvm.process.cpu_ms", label: "of one core", as: "share" }] },
  { title: "Time at safepoints", unit: "ratio", parts: [{ metric: "jvm.safepoint.time_ms", label: "stopped", as: "share" }, { metric: "jvm.safepoint.sync_ms", label: "reaching it", as: "share" }] },
  { title: "Pause for each of our histograms", unit: "ms", empty: "No histogram in this range", parts: [{ metric: "heapwatch.pause_ms", label: "pause" }] },
];

const wanted = (part: Part, labels: Labels) => labels["metric"] === part.metric;

function transformed(part: Part, answer: Series, values: readonly Value[]): readonly Value[] {
  if (!part.as) return values;
  // The newest bucket is not over yet; an increase over a part of it would look like a drop.
  const whole = answer.times.map((time, index) => (time + answer.interval_s * 1000 <= answer.to ? (values[index] ?? null) : null));
  return scaledBy(perMs(answer.times, whole), part.as === "perMinute" ? MINUTE : 1);
}

export function panelLines(panel: Panel, answer: Series): Line[] {
  const lines: Line[] = [];
  for (const part of panel.parts) {
    const found = answer.series.filter((series) => wanted(part, series.labels));
    const lives = nameLives(found.map((series) => series.labels));
    found.forEach((series, index) => {
      if (!series.values.some((value) => value !== null)) return;
      const own = part.each ? plain(String(series.labels[part.each] ?? part.metric)) : part.label;
      const life = lives[index] === ALONE ? "" : ` ${lives[index]}`;
      lines.push({ key: JSON.stringify(series.labels), label: own + life, values: transformed(part, answer, series.values), slot: lines.length, ...(part.limit ? { limit: true } : {}) });
    });
  }
  // One limit is enough where every life has the same.
  const limits = lines.filter((line) => line.limit);
  return limits.length > 1 ? [...lines.filter((line) => !line.limit), { ...limits[limits.length - 1] as Line, label: panel.parts.find((part) => part.limit)?.label ?? "limit" }] : lines;
}
