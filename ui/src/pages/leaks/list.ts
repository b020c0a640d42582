/** Which leaks the list shows, and in which order. Pure. */
import type { Leak } from "../../api/types";
import { isOpen } from "../../leaks/states";
import { GROUPS, isIn, named, type Group } from "../../leaks/words";
import type { Sort } from "../../lib/table";

export const DEFAULT_SORT: Sort = { key: "full_in", order: "asc" };

/** What is not known comes last, whichever way the column is sorted. */
const MEASURES: Readonly<Record<string, (leak: Leak) => number | string | null>> = {
  state: (leak) => ["confirmed", "suspect", "stopped", "fixed"].indexOf(leak.state),
  class: (leak) => leak.class,
  service: (leak) => leak.service,
  where: (leak) => leak.hosts.length,
  since: (leak) => leak.since,
  rate: (leak) => leak.rate_per_s,
  each: (leak) => leak.bytes_per_leak,
  full_in: (leak) => (isOpen(leak) ? (leak.exhaustion?.in_s ?? null) : null),
};

export function sortedLeaks(leaks: readonly Leak[], sort: Sort): Leak[] {
  const measure = MEASURES[sort.key] ?? (() => null);
  const sign = sort.order === "asc" ? 1 : -1;
  return [...leaks].sort((a, b) => {
    const [left, right] = [measure(a), measure(b)];
    if (left === null || right === null) return left === right ? b.changed - a.changed : left === null ? 1 : -1;
    if (left === right) return b.changed - a.changed;
    return sign * (typeof left === "string" ? left.localeCompare(String(right)) : left < (right as number) ? -1 : 1);
  });
}

export const groupOf = (query: URLSearchParams): Group => GROUPS.find((one) => one === query.get("state")) ?? "open";

export function shownLeaks(leaks: readonly Leak[], group: Group, filter: string, sort: Sort): Leak[] {
  return sortedLeaks(leaks.filter((leak) => isIn(leak, group) && (!filter.trim() || named(leak, filter.trim()))), sort);
}

export const tally = (leaks: readonly Leak[]): Readonly<Record<Group, number>> =>
  Object.fromEntries(GROUPS.map((group) => [group, leaks.filter((leak) => isIn(leak, group)).length])) as Record<Group, number>;
