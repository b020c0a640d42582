/** JVMs that share a label, and whether they grow alike: then the fault is systemic and not of one machine. */
import { rises } from "../../charts/columns";
import type { Line } from "../../charts/plot";
import type { FleetRow, Nullable } from "../../api/types";
import { plain } from "../../lib/text";

export interface Group {
  readonly name: string;
  readonly rows: readonly FleetRow[];
}

const labelOf = (row: FleetRow, by: string): string =>
  by === "jvm" ? row.jvm : by === "host" ? row.host : (row.labels[by] ?? "");

export function groupsOf(rows: readonly FleetRow[], by: string): Group[] {
  const groups = new Map<string, FleetRow[]>();
  for (const row of rows) {
    const name = labelOf(row, by);
    const known = groups.get(name);
    if (known) known.push(row);
    else groups.set(name, [row]);
  }
  return [...groups].map(([name, members]) => ({ name, rows: members })).sort((a, b) => growth(b) - growth(a));
}

const growth = (group: Group) => Math.max(...group.rows.map((row) => row.growth_per_hour ?? -Infinity));

/** One time column for curves that were sampled at their own times. */
export function joined(series: readonly { times: readonly number[]; values: readonly Nullable[] }[]): { times: number[]; columns: Nullable[][] } {
  const times = [...new Set(series.flatMap((one) => one.times))].sort((a, b) => a - b);
  const place = new Map(times.map((time, index) => [time, index]));
  const columns = series.map(({ times: own, values }) => {
    const column = new Array<Nullable>(times.length).fill(null);
    own.forEach((time, index) => (column[place.get(time) ?? 0] = values[index] ?? null));
    return column;
  });
  return { times, columns };
}

export function curvesOf(group: Group, most: number): { times: number[]; lines: Line[] } {
  const rows = group.rows.slice(0, most);
  const differ = (name: "host" | "jvm") => new Set(rows.map((row) => row[name])).size > 1;
  const parts = (["host", "jvm"] as const).filter(differ);
  const named = (row: FleetRow) => [...new Set((parts.length ? parts : (["host"] as const)).map((part) => row[part]))].join(" ");
  const { times, columns } = joined(rows.map((row) => row.spark));
  const lines = rows.map((row, index) => ({
    key: `${row.host} ${row.jvm} ${row.pid} ${row.started}`,
    label: plain(named(row)),
    values: columns[index] ?? [],
    slot: index,
  }));
  return { times, lines };
}

/** Members whose curve was still rising when they were last seen; those that have ended do not count. */
export function growing(group: Group): readonly FleetRow[] {
  return group.rows.filter((row) => row.state !== "exited" && (row.growth_per_hour ?? 0) > 0 && rises(row.spark.times, row.spark.values));
}

/** The class that grows most on most of the growing hosts, with how many name it. */
export function commonSuspect(rows: readonly FleetRow[]): { name: string; hosts: number } | null {
  const votes = new Map<string, number>();
  for (const row of rows) if (row.top_class) votes.set(row.top_class.class, (votes.get(row.top_class.class) ?? 0) + 1);
  const best = [...votes].sort((a, b) => b[1] - a[1])[0];
  return best && best[1] > 1 ? { name: best[0], hosts: best[1] } : null;
}
