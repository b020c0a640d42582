/** The answer of /class as lines and rows. Pure. */
import type { ClassHistory, Labels } from "../../api/types";
import { last, lastTime, longestStep, rises, sinceReset, slope, type Value } from "../../charts/columns";
import type { Line } from "../../charts/plot";
import { plain } from "../../lib/text";
import { ALONE, nameLives } from "../jvm/lives";

/** A line for each life of a JVM, or sums by host, by JVM name, by class, or of everything. */
export type Part = "life" | "host" | "jvm" | "class" | "none";

/** What a series stands for, in the words of how it was asked. */
export function names(labels: readonly Labels[], by: Part): string[] {
  if (by === "none") return labels.map(() => "together");
  if (by === "class") return labels.map((one) => plain(String(one["class"] ?? "")));
  if (by === "life") return nameLives(labels).map((life, index) => (life === ALONE ? plain([...new Set([labels[index]?.["host"], labels[index]?.["jvm"]])].join(" ")) : life));
  return labels.map((one) => plain(String(one[by] ?? "")) || "(unnamed)");
}

/** One colour a host, however often its JVM was restarted. */
function slots(labels: readonly Labels[], by: Part): number[] {
  const known = new Map<string, number>();
  return labels.map((one) => {
    const key = by === "none" ? "" : by === "life" ? `${one["host"]} ${one["jvm"]}` : String(one[by] ?? "");
    const slot = known.get(key) ?? known.size;
    known.set(key, slot);
    return slot;
  });
}

/** Hosts without a single instance say nothing; they are left out. */
export function present(answer: ClassHistory): ClassHistory {
  return { ...answer, series: answer.series.filter((series) => series.instances.some((value) => value !== null && value > 0)) };
}

export function linesOf(answer: ClassHistory, measure: "bytes" | "instances", by: Part): Line[] {
  const labels = answer.series.map((series) => series.labels);
  const labelled = names(labels, by);
  const colours = slots(labels, by);
  return answer.series
    .map((series, index) => ({ key: JSON.stringify(series.labels), label: labelled[index] ?? "", values: series[measure], slot: colours[index] ?? 0 }))
    .sort((a, b) => (last(b.values) ?? 0) - (last(a.values) ?? 0));
}

export interface PlaceRow {
  readonly key: string;
  readonly name: string;
  readonly labels: Labels;
  readonly slot: number;
  readonly bytes: Value;
  readonly instances: Value;
  readonly bytesPerMinute: Value;
  readonly instancesPerMinute: Value;
  /** Still growing at its last sample, and that sample is of now. */
  readonly grows: boolean;
  /** When its last sample was, if that is not the newest of all. */
  readonly ended: number | null;
  readonly share: Value;
  readonly each: Value;
  readonly times: readonly number[];
  readonly values: readonly Value[];
}

const MINUTE = 60_000;
const perMinute = (value: Value): Value => (value === null ? null : value * MINUTE);

export function places(answer: ClassHistory, by: Part): PlaceRow[] {
  const labels = answer.series.map((series) => series.labels);
  const labelled = names(labels, by);
  const colours = slots(labels, by);
  const newest = Math.max(0, ...answer.series.map((series) => lastTime(answer.times, series.bytes) ?? 0));
  const sum = answer.series.reduce((total, series) => total + (last(series.bytes) ?? 0), 0);
  const rows = answer.series.map((series, index) => {
    const life = sinceReset(series.bytes);
    const bytes = last(series.bytes);
    const instances = last(series.instances);
    const end = lastTime(answer.times, series.bytes);
    const ended = end !== null && newest - end > longestStep(answer.times, series.bytes, answer.interval_s * 1000) ? end : null;
    return {
      key: JSON.stringify(series.labels),
      name: labelled[index] ?? "",
      labels: series.labels,
      slot: colours[index] ?? 0,
      bytes,
      instances,
      bytesPerMinute: perMinute(slope(answer.times, life)),
      instancesPerMinute: perMinute(slope(answer.times, sinceReset(series.instances))),
      grows: ended === null && rises(answer.times, life),
      ended,
      share: sum > 0 && bytes !== null ? bytes / sum : null,
      each: instances && bytes !== null ? bytes / instances : null,
      times: answer.times,
      values: series.bytes,
    };
  });
  return rows.sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
}
