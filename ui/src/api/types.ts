/** The answers of /api/v1 by their short names: columns, times in epoch ms, null where there is no sample. */
import type { components } from "./schema";

type Answers = components["schemas"];

export type Nullable = number | null;
export type Labels = Readonly<Record<string, string | number>>;

export type LiveEvent = Answers["EventRow"];
export type Events = Answers["Events"];
export type FleetRow = Omit<Answers["FleetRow"], "last_event"> & { readonly last_event?: LiveEvent | null; readonly command?: string };
export type Fleet = { readonly total: number; readonly rows: FleetRow[]; readonly groups?: readonly { readonly value: string; readonly jvms: number }[]; readonly warnings?: readonly string[] };

export type Totals = Answers["Totals"];
export type Series = Answers["Values"];
export type ClassHistory = Answers["ClassHistory"];
export type ClassNames = Answers["ClassNames"];

export type SnapshotHead = Answers["SnapshotHead"];
export type Classes = Answers["Classes"] & { readonly warnings?: readonly string[] };
/** Sums with all that is below; `parent` is the package above. */
export type PackageColumns = Answers["PackageColumns"] & { readonly parent: readonly string[]; readonly delta_instances?: readonly number[] };
export type Packages = Omit<Answers["Packages"], "columns"> & { readonly columns: PackageColumns; readonly warnings?: readonly string[] };

export type LabelNames = Answers["Labels"];
export type LabelValues = Answers["LabelValues"];
export type Status = Answers["Status"];
export type Rejects = Answers["RejectList"];

/** Answers to queries. Every row has its own times; `table` is there for rows of columns, such as those of diff. */
export interface QuerySeries {
  readonly labels: Labels;
  readonly values: readonly Nullable[];
}
export interface QueryRow {
  readonly letter: string;
  readonly interval_s: number;
  readonly rollup: string;
  readonly times: readonly number[];
  readonly series: readonly QuerySeries[];
  readonly table: { readonly columns: Columns } | null;
}
export type Cell = string | number | boolean | null | undefined;
export type Columns = Readonly<Record<string, readonly Cell[]>>;
export interface QueryWarning {
  readonly message: string;
  readonly count?: number | null;
  readonly row?: string | null;
}
export interface Read {
  readonly series?: number;
  readonly points?: number;
  readonly rows?: number;
}
export interface QueryAnswer {
  readonly kind: "metrics";
  readonly from: number;
  readonly to: number;
  readonly rows: readonly QueryRow[];
  readonly read: Read;
  readonly took_ms: number;
  readonly warnings: readonly QueryWarning[];
}
export interface Counts {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly interval_s: number;
}
export interface LogsAnswer {
  readonly kind: "messages" | "aggregate";
  readonly from: number;
  readonly to: number;
  readonly total: number;
  readonly columns: Columns;
  readonly order: readonly string[];
  readonly counts: Counts | null;
  readonly read: Read;
  readonly took_ms: number;
  readonly warnings: readonly QueryWarning[];
}
export interface SignatureRow {
  readonly signature: string;
  readonly count: number;
  readonly before: number;
  readonly hosts: readonly string[];
  readonly first: number | null;
  readonly sample: string;
  readonly ratio?: number | null;
  readonly score?: number | null;
}
export interface Correlation {
  readonly window: { readonly from: number; readonly to: number };
  readonly before: { readonly from: number; readonly to: number };
  readonly appeared: readonly SignatureRow[];
  readonly vanished: readonly SignatureRow[];
  readonly changed: readonly SignatureRow[];
  readonly events: readonly LiveEvent[];
  readonly warnings?: readonly QueryWarning[];
}

export type Dashboards = Answers["DashboardList"];
export type DashboardRow = Answers["DashboardRow"];
export type DashboardAnswer = Answers["DashboardAnswer"];
export type DashboardCheck = Answers["DashboardCheck"];
export type DashboardFault = Answers["DashboardFault"];
export type Definition = Answers["Dashboard"];
export type Panel = Answers["Panel"];
export type Variable = Answers["Variable"];
