/** The answers of /api/v1 as the pages use them: columns, times in epoch ms, null where there is no sample. */

export type Nullable = number | null;

export interface JvmRow {
  host: string;
  jvm: string;
  pid: number;
  started: number;
  labels: Record<string, string>;
  java: string;
  collector: string;
  user: string;
  container: string;
  command?: string;
  first_seen?: number;
  last_seen: number | null;
  state: "up" | "exited" | "silent";
}

export interface FleetRow extends JvmRow {
  heap_used: Nullable;
  heap_after_gc: Nullable;
  heap_max: Nullable;
  growth_per_hour: Nullable;
  gc_load: Nullable;
  bytes: Nullable;
  instances: Nullable;
  classes: Nullable;
  spark: { times: number[]; values: Nullable[] };
  top_class: { class: string; bytes_per_min: Nullable } | null;
  pause_ms: Nullable;
  pause_share: Nullable;
  interval_s: Nullable;
  restarts: Nullable;
  last_event: LiveEvent | null;
}

export interface Fleet {
  total: number;
  rows: FleetRow[];
  warnings?: string[];
}

export type Labels = Record<string, string | number>;

export interface Framed {
  from: number;
  to: number;
  interval_s: number;
  rollup?: string;
  times: number[];
  warnings?: string[];
}

export interface Totals extends Framed {
  series: { labels: Labels; bytes: Nullable[]; instances: Nullable[]; classes: Nullable[] }[];
}

export interface Series extends Framed {
  series: { labels: Labels; values: Nullable[] }[];
}

export interface ClassHistory extends Framed {
  series: { labels: Labels; bytes: Nullable[]; instances: Nullable[] }[];
}

export interface SnapshotHead {
  time: number;
  bytes: number;
  instances: number;
  classes: number;
  pause_ms: Nullable;
  mode: string;
}

export interface ClassColumns {
  class: string[];
  package: string[];
  kind: string[];
  rows: number[];
  instances: number[];
  bytes: number[];
  delta_instances?: Nullable[];
  delta_bytes?: Nullable[];
  bytes_per_min?: Nullable[];
}

export interface Classes {
  before: SnapshotHead | null;
  after: SnapshotHead | null;
  total: number;
  columns: ClassColumns;
  warnings?: string[];
}

export interface PackageColumns {
  package: string[];
  classes: number[];
  instances: number[];
  bytes: number[];
  delta_instances?: Nullable[];
  delta_bytes?: Nullable[];
}

export interface Packages {
  before: SnapshotHead | null;
  after: SnapshotHead | null;
  columns: PackageColumns;
  warnings?: string[];
}

export interface ClassNames {
  classes: string[];
  total: number;
}

export interface LiveEvent {
  time: number;
  kind: string;
  labels?: Record<string, string | number>;
  text?: string;
}

export interface Events {
  events: LiveEvent[];
}
