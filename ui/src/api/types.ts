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
export type Status = Answers["Status"];
export type Rejects = Answers["RejectList"];
