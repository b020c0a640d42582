/** Packages as a tree: `akka.actor.dungeon` stands under `akka.actor`, and sums go up. */
import type { PackageColumns } from "../../api/types";

export interface PackageNode {
  readonly name: string; // full: "akka.actor"
  readonly label: string; // the part below its parent: "actor"
  readonly level: number; // from 1
  readonly children: PackageNode[];
  classes: number;
  instances: number;
  bytes: number;
  deltaInstances: number | null;
  deltaBytes: number | null;
}

const NO_PACKAGE = "(no package)";

function node(name: string, label: string, level: number): PackageNode {
  return { name, label, level, children: [], classes: 0, instances: 0, bytes: 0, deltaInstances: null, deltaBytes: null };
}

const plus = (a: number | null, b: number | null | undefined) => (b == null ? a : (a ?? 0) + b);

export function packageTree(columns: PackageColumns): PackageNode {
  const root = node("", "", 0);
  columns.package.forEach((name, index) => {
    const parts = name === "" ? [NO_PACKAGE] : name.split(".");
    let at = root;
    add(at, columns, index);
    parts.forEach((part, depth) => {
      const full = name === "" ? "" : parts.slice(0, depth + 1).join(".");
      let child = at.children.find((one) => one.label === part);
      if (!child) at.children.push((child = node(full, part, depth + 1)));
      add(child, columns, index);
      at = child;
    });
  });
  return shortened(root);
}

function add(to: PackageNode, columns: PackageColumns, index: number): void {
  to.classes += columns.classes[index] ?? 0;
  to.instances += columns.instances[index] ?? 0;
  to.bytes += columns.bytes[index] ?? 0;
  to.deltaInstances = plus(to.deltaInstances, columns.delta_instances?.[index]);
  to.deltaBytes = plus(to.deltaBytes, columns.delta_bytes?.[index]);
}

/** A package with nothing of its own and one child is written with it: `com.example.shop`. */
function shortened(from: PackageNode, level = 0): PackageNode {
  const children = from.children.map((child) => {
    let only = child;
    let label = child.label;
    while (only.children.length === 1 && only.children[0]?.classes === only.classes) {
      only = only.children[0];
      label += `.${only.label}`;
    }
    return shortened({ ...only, label }, level + 1);
  });
  return { ...from, level, children };
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
export function visible(root: PackageNode, open: ReadonlySet<string>, measure: Measure, ascending: boolean): PackageNode[] {
  const rows: PackageNode[] = [];
  const visit = (children: readonly PackageNode[]) => {
    const sorted = [...children].sort((a, b) => (ascending ? 1 : -1) * (measure(a) - measure(b)) || a.name.localeCompare(b.name));
    for (const child of sorted) {
      rows.push(child);
      if (open.has(child.name) && child.children.length) visit(child.children);
    }
  };
  visit(root.children);
  return rows;
}

export function find(root: PackageNode, name: string): PackageNode | null {
  if (root.name === name) return root;
  for (const child of root.children) {
    const found = find(child, name);
    if (found) return found;
  }
  return null;
}
