/** Names for the lines of a chart: as much of who it is as tells them apart. */
import type { Labels } from "../../api/types";
import { clock } from "../../lib/format";
import { plain } from "../../lib/text";

/** The name of a line that is the only one. */
export const ALONE = "all objects";

/** Host and JVM where they differ; `since 14:03:09` where one JVM lived more than once. */
export function nameLives(labels: readonly Labels[]): string[] {
  const differing = ["host", "jvm"].filter((name) => new Set(labels.map((one) => one[name])).size > 1);
  const who = (one: Labels) => `${one["host"]}\n${one["jvm"]}`;
  const lives = new Map<string, Set<unknown>>();
  for (const one of labels) lives.set(who(one), (lives.get(who(one)) ?? new Set()).add(one["started"]));
  return labels.map((one) => {
    const parts = [...new Set(differing.map((name) => plain(String(one[name]))))];
    if ((lives.get(who(one))?.size ?? 0) > 1) parts.push(`since ${clock(Number(one["started"]))}`);
    return parts.join(" ") || ALONE;
  });
}
