/** JVMs that share a label, and whether they grow alike: then the fault is systemic and not of one machine. */
import { slope } from "../../charts/columns";
import type { Line } from "../../charts/plot";
import type { FleetRow, Nullable } from "../../api/types";

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
  const { times, columns } = joined(rows.map((row) => row.spark));
  const lines = rows.map((row, index) => ({
    key: `${row.host} ${row.jvm} ${row.pid} ${row.started}`,
    label: row.jvm === group.name ? row.host : `${row.host} ${row.jvm}`,
    values: columns[index] ?? [],
    slot: index,
  }));
  return { times, lines };
}

const MINUTES_THAT_COUNT = 3;

/** Rows whose curve really rises: more than a hundredth of its own height over the range. */
export function growing(group: Group): readonly FleetRow[] {
  return group.rows.filter((row) => {
    const { times, values } = row.spark;
    const perMs = slope(times, values);
    if (perMs === null || perMs <= 0 || (row.growth_per_hour ?? 0) <= 0) return false;
    const width = (times[times.length - 1] ?? 0) - (times[0] ?? 0);
    const height = Math.max(...values.map((value) => value ?? 0), 1);
    return width >= MINUTES_THAT_COUNT * 60_000 && (perMs * width) / height > 0.01;
  });
}

/** The class that grows most on most of the growing hosts, with how many name it. */
export function commonSuspect(rows: readonly FleetRow[]): { name: string; hosts: number } | null {
  const votes = new Map<string, number>();
  for (const row of rows) if (row.top_class) votes.set(row.top_class.class, (votes.get(row.top_class.class) ?? 0) + 1);
  const best = [...votes].sort((a, b) => b[1] - a[1])[0];
  return best && best[1] > 1 ? { name: best[0], hosts: best[1] } : null;
}
