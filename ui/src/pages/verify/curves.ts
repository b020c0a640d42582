/** Curves of before and after from one origin: each life begins at its first sample of its stretch. Pure. */
import type { ClassHistory, JvmLife, Labels } from "../../api/types";
import type { Value } from "../../charts/columns";
import type { Line } from "../../charts/plot";
import { plain } from "../../lib/text";

export interface Curves {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly interval: number;
  /** How far the chart reaches, and how far the data does. */
  readonly shown: number;
  readonly longest: number;
}

const lifeKey = (labels: Labels): string => [labels["host"], labels["jvm"], labels["pid"], labels["started"]].join("\n");

export const keyOf = (life: Pick<JvmLife, "host" | "jvm" | "pid" | "started">): string => [life.host, life.jvm, life.pid, life.started].join("\n");

interface Own {
  readonly key: string;
  readonly label: string;
  readonly slot: number;
  readonly dash: number;
  readonly side: "before" | "after";
  readonly points: readonly (readonly [number, number])[];
}

/** Colour says before or after, dashes say which host. */
const SLOTS = { before: 1, after: 0 } as const;

function livesOf(answer: ClassHistory, side: "before" | "after", wanted: ReadonlySet<string> | null): Own[] {
  const kept = answer.series.filter((series) => wanted === null || wanted.has(lifeKey(series.labels)));
  return kept.flatMap((series, index) => {
    const points = series.instances.flatMap((value, place) => (value === null ? [] : [[answer.times[place] ?? 0, value] as const]));
    const origin = points[0]?.[0];
    if (origin === undefined || points.length < 2) return [];
    const label = `${side} · ${plain(String(series.labels["host"] ?? ""))}`;
    return [{ key: `${side} ${lifeKey(series.labels)}`, label, slot: SLOTS[side], dash: index, side, points: points.map(([time, value]) => [time - origin, value] as const) }];
  });
}

/** Beside an hour the three minutes after a change would be a dot. */
const AT_MOST = 5;

const lengthOf = (life: Own): number => life.points[life.points.length - 1]?.[0] ?? 0;

export function aligned(before: ClassHistory | null, after: ClassHistory | null, wanted: { readonly before: ReadonlySet<string> | null; readonly after: ReadonlySet<string> | null }): Curves {
  const whole = [...(before ? livesOf(before, "before", wanted.before) : []), ...(after ? livesOf(after, "after", wanted.after) : [])];
  const ends = (["before", "after"] as const).map((side) => Math.max(0, ...whole.filter((life) => life.side === side).map(lengthOf))).filter((end) => end > 0);
  const longest = Math.max(0, ...ends);
  const shown = Math.min(longest, AT_MOST * Math.min(...ends));
  const lives = whole.map((life) => ({ ...life, points: life.points.filter(([time]) => time <= shown) }));
  const times = [...new Set(lives.flatMap((life) => life.points.map(([time]) => time)))].sort((a, b) => a - b);
  const place = new Map(times.map((time, index) => [time, index]));
  const lines = lives.map(({ points, side: _side, ...life }) => {
    const values = new Array<Value>(times.length).fill(null);
    for (const [time, value] of points) values[place.get(time) ?? 0] = value;
    return { ...life, values };
  });
  const interval = Math.max(before?.interval_s ?? 0, after?.interval_s ?? 0) * 1000;
  return { times, lines, interval, shown: ends.length ? shown : 0, longest };
}
