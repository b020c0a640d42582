/** Transitions as stretches of time, in thousandths of the range. */
import type { MonitorHistory } from "../../api/types";

const WORDS: Readonly<Record<string, string>> = { no_data: "no data" };

export const said = (state: string): string => WORDS[state] ?? state;

export interface Line {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly parts: readonly { readonly x: number; readonly width: number; readonly state: string }[];
}

/** `rows` are the newest first; before its first change a group was what that change says. */
export function stripOf(rows: MonitorHistory["transitions"], from: number, to: number): Line[] {
  const at = (time: number) => (1000 * Math.min(Math.max(time - from, 0), to - from)) / Math.max(to - from, 1);
  const groups = new Map<string, MonitorHistory["transitions"][number][]>();
  for (const row of [...rows].reverse()) {
    const key = JSON.stringify(row.labels);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, changes]) => ({
    key,
    labels: changes[0]?.labels ?? {},
    parts: [{ time: from, state: changes[0]?.before ?? "ok" }, ...changes.map((one) => ({ time: one.time, state: one.after }))].map((one, place, all) => {
      const x = at(one.time);
      return { x, width: at(all[place + 1]?.time ?? to) - x, state: one.state };
    }),
  }));
}
