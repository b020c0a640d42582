/** What is said of a leak, in as few words as a table has room for. Pure. */
import type { Exhaustion, Interval, Leak } from "../api/types";
import { NONE, count, duration } from "../lib/format";
import { isOpen } from "./states";

/** How the list is narrowed; an acknowledged leak is out of the way of those that wait for somebody. */
export const GROUPS = ["open", "confirmed", "suspect", "acknowledged", "stopped", "fixed", "all"] as const;
export type Group = (typeof GROUPS)[number];

export function isIn(leak: Leak, group: Group): boolean {
  switch (group) {
    case "all":
      return true;
    case "open":
      return isOpen(leak) && !leak.acknowledged;
    case "acknowledged":
      return isOpen(leak) && leak.acknowledged !== null;
    default:
      return leak.state === group;
  }
}

/** Every word must be somewhere in what names the leak; `service=shop` is the same as `shop`. */
export function named(leak: Leak, filter: string): boolean {
  const told = [leak.class, leak.service, leak.kind, leak.scope, ...leak.hosts, ...leak.jvms.map((one) => one.jvm), ...Object.keys(leak.family)].join("\n").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => told.includes(word.replace(/^\w+=/, "").replace(/\*/g, "")));
}

export const judgedHosts = (leak: Leak): number => leak.hosts.length + leak.clean.length + leak.undecided.length;

/** `on 3 of 3 hosts`, `on memleak1` */
export function where(leak: Leak): string {
  const all = judgedHosts(leak);
  return all > 1 ? `on ${leak.hosts.length} of ${all} hosts` : leak.hosts.length ? `on ${leak.hosts[0]}` : "on no host now";
}

export const companions = (leak: Pick<Leak, "family" | "class">): number => Object.keys(leak.family).filter((name) => name !== leak.class).length;

/** `± 4.5 s` */
export const plusMinus = (between: Interval | null): string => (between ? `± ${duration((between[1] - between[0]) / 2)}` : "");

const PER: readonly (readonly [number, string])[] = [[1, "s"], [60, "min"], [3600, "h"]];

/** The unit in which a rate is at least a tenth; slower ones are told by the hour. */
const unitOf = (perSecond: number): readonly [number, string] => PER.find(([factor]) => Math.abs(perSecond) * factor >= 0.1) ?? [3600, "h"];

/** `41/s`, `2.4/min`; rates that are to be compared are told in the unit of the largest, `beside`. */
export function pace(perSecond: number | null | undefined, beside = 0): string {
  if (perSecond == null || !Number.isFinite(perSecond)) return NONE;
  const largest = Math.max(Math.abs(perSecond), Math.abs(beside));
  if (largest === 0) return "0/s";
  const [factor, unit] = unitOf(largest);
  return `${count(perSecond * factor)}/${unit}`;
}

/** `39 to 43/s`, in the unit of the larger end */
export function paceBetween(between: readonly [number | null, number | null] | null, beside = 0): string {
  if (!between) return "";
  const [low, high] = between;
  if (low === null || high === null) return low === null ? `at most ${pace(high)}` : `at least ${pace(low)}`;
  const [factor, unit] = unitOf(Math.max(Math.abs(low), Math.abs(high), Math.abs(beside)));
  return `${count(low * factor)} to ${count(high * factor)}/${unit}`;
}

/** Further than this nobody plans; such a forecast only says that nothing is near. */
const YEAR_S = 366 * 86_400;
export const isNear = (inSeconds: number | null | undefined): inSeconds is number => inSeconds != null && inSeconds < YEAR_S;

const seconds = (value: number | null): string => duration(value === null ? null : Math.max(0, value) * 1000);

/** `2 h 5 m`; `now` when the forecast has arrived. */
export const fullIn = (inSeconds: number | null | undefined): string => (inSeconds == null ? NONE : inSeconds <= 0 ? "now" : isNear(inSeconds) ? seconds(inSeconds) : "over a year");

/** `1 h 50 m to 2 h 40 m`, `at least 1 h 50 m` */
export function fullBetween(between: readonly [number, number | null] | null | undefined): string {
  if (!between) return "";
  return !isNear(between[1]) ? `at least ${seconds(between[0])}` : `${seconds(between[0])} to ${seconds(between[1])}`;
}

const RESOURCES: Readonly<Record<string, string>> = { heap: "heap full", metaspace: "metaspace full", threads: "threads at their limit", container: "container memory full" };
export const ends = (end: Pick<Exhaustion, "resource">): string => RESOURCES[end.resource] ?? `${end.resource} used up`;

/** `0.02`: 0 keeps all that is born, 1 loses as much as it gains. */
export const share = (balance: number | null | undefined): string => (balance == null ? NONE : balance.toFixed(2));

export const inFamily = (leak: Pick<Leak, "family" | "class">, name: string): boolean => name === leak.class || name in leak.family;

/** What the evidence says of load: whether more traffic explains the growth. */
export const ofLoad = (leak: Leak): string => leak.evidence.find((claim) => /\bload\b/.test(claim.text))?.text ?? "";

export interface Reason {
  readonly reason: string;
  readonly who: readonly string[];
}

/** Why JVMs cannot be judged, the most common reason first. Numbers differ from JVM to JVM, the reason does not. */
export function reasons(verdicts: readonly { readonly verdict: string; readonly reason: string; readonly host: string; readonly jvm: string }[]): Reason[] {
  const found = new Map<string, { reason: string; who: string[] }>();
  for (const one of verdicts) {
    if (one.verdict !== "undecided" && one.verdict !== "") continue;
    const reason = one.reason || "not looked at yet";
    const key = reason.replace(/\d+(\.\d+)?/g, "#");
    const known = found.get(key) ?? { reason, who: [] };
    known.who.push([...new Set([one.host, one.jvm])].join(" "));
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.who.length - a.who.length);
}
