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
export type QueryAnswer = Omit<Answers["QueryAnswer"], "rows"> & { readonly rows: readonly QueryRow[] };
export type QueryRow = Omit<Answers["QueryRow"], "table"> & { readonly table: { readonly columns: Columns } | null };
export type QueryWarning = Answers["Warned"];
export type Read = Partial<Answers["Read"]>;
export type Counts = Answers["Counts"];
export type LogsAnswer = Omit<Answers["LogAnswer"], "columns"> & { readonly columns: Columns };
export type Correlation = Answers["Correlation"];
export type SignatureRow = Answers["SignatureRow"];
export type Cell = string | number | boolean | null | undefined;
export type Columns = Readonly<Record<string, readonly Cell[]>>;

export type Dashboards = Answers["DashboardList"];
export type DashboardRow = Answers["DashboardRow"];
export type DashboardAnswer = Answers["DashboardAnswer"];
export type DashboardCheck = Answers["DashboardCheck"];
export type DashboardFault = Answers["DashboardFault"];
export type Definition = Answers["Dashboard"];
export type Panel = Answers["Panel"];
export type Variable = Answers["Variable"];
