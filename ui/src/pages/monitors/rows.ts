/** Monitors as charts and strips want them: stretches of states, marks, bounds, what is asked. Pure. */
import type { MonitorHistory, OneMonitor } from "../../api/types";
import type { Value } from "../../charts/columns";
import type { Marker } from "../../charts/overlay";
import type { Tone } from "../../charts/palette";
import type { Line as Curve } from "../../charts/plot";
import { plain } from "../../lib/text";

type Change = MonitorHistory["transitions"][number];
type Group = Pick<OneMonitor["groups"][number], "labels" | "state" | "since">;

const WORDS: Readonly<Record<string, string>> = { no_data: "no data" };

export const said = (state: string): string => WORDS[state] ?? state;

export interface Line {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly parts: readonly { readonly x: number; readonly width: number; readonly state: string }[];
}

const keyOf = (labels: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * States over a range, in thousandths of it. `rows` are the newest first; before its first change a group was what that
 * change says. A group without a change was all the time what it is, if it has been that for so long.
 */
export function stripOf(rows: readonly Change[], from: number, to: number, groups: readonly Group[] = [], own: Readonly<Record<string, string>> = {}): Line[] {
  const at = (time: number) => (1000 * Math.min(Math.max(time - from, 0), to - from)) / Math.max(to - from, 1);
  const changed = new Map<string, Change[]>();
  for (const row of [...rows].reverse()) {
    const key = keyOf(row.labels);
    changed.set(key, [...(changed.get(key) ?? []), row]);
  }
  const lines = [...changed].map(([key, changes]) => ({
    key,
    labels: changes[0]?.labels ?? {},
    parts: [{ time: from, state: changes[0]?.before ?? "ok" }, ...changes.map((one) => ({ time: one.time, state: one.after }))].map((one, place, all) => {
      const x = at(one.time);
      return { x, width: at(all[place + 1]?.time ?? to) - x, state: one.state };
    }),
  }));
  const steady = groups.filter((group) => group.since <= from && !changed.has(keyOf({ ...own, ...group.labels })));
  return [...lines, ...steady.map((group) => ({ key: keyOf(group.labels), labels: group.labels, parts: [{ x: 0, width: 1000, state: group.state }] }))];
}

/** What a strip shows, for those who do not see it: `ok, critical, ok`. */
export const spokenOf = (line: Line): string => line.parts.filter((part) => part.width > 0).map((part) => said(part.state)).join(", ");

const named = (row: Change) => {
  const who = Object.values(row.labels).map(plain).join(" · ");
  return [who, row.text && plain(row.text)].filter(Boolean).join(": ");
};

/** Where the states changed that somebody notices; the way into them and out of them (pending, recovering) is no mark. */
export const marksOf = (rows: readonly Change[]): Marker[] =>
  rows.filter((row) => row.level !== row.was_level || row.after === "no_data" || row.after === "error")
    .map((row) => ({ time: row.time, kind: row.after === "no_data" || row.after === "error" ? row.after : row.level, text: named(row) }));

/** Where somebody would have been told. */
export const firedOf = (rows: readonly Change[]): Marker[] =>
  rows.filter((row) => row.level !== row.was_level && row.level !== "ok").map((row) => ({ time: row.time, kind: "would_fire", text: `${row.level}, ${named(row)}` }));

export interface Asked {
  readonly lang: "metrics" | "logs";
  readonly query: string;
  /** The row that is looked at; "": the last one. */
  readonly row: string;
}

/** The query behind a monitor that has one. */
export function askedOf({ kind, settings }: Pick<OneMonitor, "kind" | "settings">): Asked | null {
  const { query, row } = settings;
  if (typeof query !== "string") return null;
  return { lang: kind === "log" ? "logs" : "metrics", query, row: typeof row === "string" ? row : "" };
}

export interface Limit {
  readonly label: string;
  readonly height: number;
  readonly tone: Tone;
}

/** The bounds that its points are compared with. Those of other kinds are no values of the query. */
export function limitsOf({ kind, settings }: Pick<OneMonitor, "kind" | "settings">): Limit[] {
  if (kind !== "query") return [];
  return (["critical", "warning"] as const).flatMap((level): Limit[] => {
    const bound = settings[level] as Readonly<Record<string, unknown>> | undefined;
    const side = bound && "above" in bound ? "above" : "below";
    const height = bound?.[side];
    if (typeof height !== "number") return [];
    const until = bound?.["until"];
    const right: Limit[] = typeof until === "number" && until !== height ? [{ label: `no more ${level} at ${until}`, height: until, tone: "right" }] : [];
    return [{ label: `${level} ${side} ${height}`, height, tone: level === "critical" ? "worst" : "warning" }, ...right];
  });
}

export const asLines = (limits: readonly Limit[], times: readonly number[]): Curve[] =>
  times.length ? limits.map(({ label, height, tone }) => ({ key: label, label, values: times.map((): Value => height), slot: 0, limit: true, tone })) : [];

/** How long a silence lasts, for the server; null: that is no time to come. */
export function lasting(choice: string, until: string, now: number): string | null {
  if (choice !== "until") return choice;
  const end = new Date(until).getTime();
  return Number.isFinite(end) && end > now ? `${Math.ceil((end - now) / 1000)}s` : null;
}

const pad = (value: number) => String(value).padStart(2, "0");

/** `2026-11-23T14:00` in local time, as a field for times wants it. */
export function local(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}
