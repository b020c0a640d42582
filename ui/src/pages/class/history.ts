/** The answer of /class as lines and rows. Pure. */
import type { ClassHistory, Labels } from "../../api/types";
import { first, last, slope, type Value } from "../../charts/columns";
import type { Line } from "../../charts/plot";
import { plain } from "../../lib/text";
import { nameLives } from "../jvm/total";

export type Part = "host" | "jvm" | "class" | "none";

/** What a series stands for, in the words of how it was asked. */
export function names(labels: readonly Labels[], by: Part): string[] {
  if (by === "none") return labels.map(() => "together");
  if (by === "class") return labels.map((one) => plain(String(one["class"] ?? "")));
  const lives = nameLives(labels);
  return labels.map((one, index) => {
    const own = plain(String(one[by] ?? ""));
    const life = lives[index] ?? "";
    const since = /since [\d:]+$/.exec(life)?.[0];
    return since ? `${own} ${since}` : own || "(unnamed)";
  });
}

/** One colour a host, however often its JVM was restarted. */
function slots(labels: readonly Labels[], by: Part): number[] {
  const known = new Map<string, number>();
  return labels.map((one) => {
    const key = by === "none" ? "" : String(one[by] ?? "");
    const slot = known.get(key) ?? known.size;
    known.set(key, slot);
    return slot;
  });
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
  /** Growth over the range as a share of its end. */
  readonly risesBy: Value;
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
  const sum = answer.series.reduce((total, series) => total + (last(series.bytes) ?? 0), 0);
  const rows = answer.series.map((series, index) => {
    const bytes = last(series.bytes);
    const instances = last(series.instances);
    const start = first(series.bytes);
    return {
      key: JSON.stringify(series.labels),
      name: labelled[index] ?? "",
      labels: series.labels,
      slot: colours[index] ?? 0,
      bytes,
      instances,
      bytesPerMinute: perMinute(slope(answer.times, series.bytes)),
      instancesPerMinute: perMinute(slope(answer.times, series.instances)),
      risesBy: bytes && start !== null ? (bytes - start) / bytes : null,
      share: sum > 0 && bytes !== null ? bytes / sum : null,
      each: instances && bytes !== null ? bytes / instances : null,
      times: answer.times,
      values: series.bytes,
    };
  });
  return rows.sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
}
