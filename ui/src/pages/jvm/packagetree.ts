/** Packages as a tree. The server sums up: a row of `akka.actor` has all of `akka.actor.dungeon` in it. */
import type { PackageColumns } from "../../api/types";

export interface PackageNode {
  readonly name: string; // full: "akka.actor"
  readonly label: string; // the part below its parent: "actor"
  readonly level: number; // from 1
  readonly children: readonly PackageNode[];
  readonly classes: number;
  readonly instances: number;
  readonly bytes: number;
  readonly deltaInstances: number | null;
  readonly deltaBytes: number | null;
}

const NO_PACKAGE = "(no package)";

export function packageTree(columns: PackageColumns): readonly PackageNode[] {
  const below = new Map<string, number[]>();
  columns.package.forEach((_, row) => {
    // The nameless package is nobody's parent: what has "" as parent stands on top, and so does it.
    const parent = columns.parent[row] ?? "";
    const siblings = below.get(parent);
    if (siblings) siblings.push(row);
    else below.set(parent, [row]);
  });
  const build = (row: number, level: number): PackageNode => {
    let at = row;
    let label = own(columns, row);
    // A package with nothing of its own and one child is written with it: `com.example.shop`.
    for (;;) {
      const children = childrenOf(at);
      if (children.length !== 1 || columns.classes[children[0] as number] !== columns.classes[at]) break;
      at = children[0] as number;
      label += `.${own(columns, at)}`;
    }
    return {
      name: columns.package[at] ?? "",
      label,
      level,
      children: childrenOf(at).map((child) => build(child, level + 1)),
      classes: columns.classes[at] ?? 0,
      instances: columns.instances[at] ?? 0,
      bytes: columns.bytes[at] ?? 0,
      deltaInstances: columns.delta_instances?.[at] ?? null,
      deltaBytes: columns.delta_bytes?.[at] ?? null,
    };
  };
  const childrenOf = (row: number) => (columns.package[row] === "" ? [] : (below.get(columns.package[row] ?? "") ?? []));
  return (below.get("") ?? []).map((row) => build(row, 1));
}

function own(columns: PackageColumns, row: number): string {
  const name = columns.package[row] ?? "";
  return name === "" ? NO_PACKAGE : name.slice(name.lastIndexOf(".") + 1);
}

/** What a package's classes have themselves: its sums without those of the packages right below it. */
export function ownSums(columns: PackageColumns): { readonly bytes: number[]; readonly delta: (number | null)[] } {
  const bytes = [...columns.bytes];
  const delta: (number | null)[] = [...(columns.delta_bytes ?? columns.bytes.map(() => null))];
  const place = new Map(columns.package.map((name, row) => [name, row]));
  columns.package.forEach((_, row) => {
    const parent = columns.parent[row];
    const above = parent ? place.get(parent) : undefined;
    if (above === undefined) return;
    bytes[above] = (bytes[above] ?? 0) - (columns.bytes[row] ?? 0);
    const change = columns.delta_bytes?.[row];
    if (change != null && delta[above] != null) delta[above] = (delta[above] ?? 0) - change;
  });
  return { bytes, delta };
}

export type Measure = (node: PackageNode) => number;

export const MEASURES: Readonly<Record<string, Measure>> = {
  class: (one) => one.classes,
  instances: (one) => one.instances,
  bytes: (one) => one.bytes,
  delta_instances: (one) => one.deltaInstances ?? 0,
  delta_bytes: (one) => one.deltaBytes ?? 0,
  rate: (one) => one.deltaBytes ?? 0,
};

/** The rows in sight, in order: children of open packages follow their parent. */
export function visible(tops: readonly PackageNode[], open: ReadonlySet<string>, measure: Measure, ascending: boolean): PackageNode[] {
  const rows: PackageNode[] = [];
  const visit = (children: readonly PackageNode[]) => {
    const sorted = [...children].sort((a, b) => (ascending ? 1 : -1) * (measure(a) - measure(b)) || a.name.localeCompare(b.name));
    for (const child of sorted) {
      rows.push(child);
      if (open.has(child.name)) visit(child.children);
    }
  };
  visit(tops);
  return rows;
}
