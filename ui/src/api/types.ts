/** The answers of /api/v1 by their short names: columns, times in epoch ms, null where there is no sample. */
import type { components } from "./schema";

type Answers = components["schemas"];

export type Nullable = number | null;
export type Labels = Readonly<Record<string, string | number>>;

export type LiveEvent = Answers["EventRow"];
export type Events = Answers["Events"];
export type FleetRow = Omit<Answers["FleetRow"], "last_event" | "leaks" | "full_between_s"> & {
  readonly last_event?: LiveEvent | null;
  readonly command?: string;
  readonly leaks: readonly { readonly id: string; readonly class: string; readonly state: string }[];
  readonly full_between_s: readonly [number, Nullable] | null;
};
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

/** Verdicts on leaks. Times are epoch ms, spans in seconds; an interval is `[low, high]`. */
export type Interval = readonly [number, number];
export type Exhaustion = Omit<Answers["Exhaustion"], "between_s"> & { readonly between_s: readonly [number, Nullable] };
export type ProofSide = Omit<Answers["VersionSide"], "between"> & { readonly between: Interval };
export type Proof = Omit<Answers["Proof"], "before" | "after"> & { readonly before: ProofSide | null; readonly after: ProofSide | null };
export type LeakingJvm = Omit<Answers["LeakOnJvm"], "rate_between" | "exhaustion"> & { readonly rate_between: Interval; readonly exhaustion: Exhaustion | null };
/** What is said, its numbers, and the query that shows them. */
export type Claim = { readonly text: string; readonly query?: string | null } & Readonly<Record<string, unknown>>;
export type Leak = Omit<Answers["Leak"], "jvms" | "since_between" | "rate_between" | "exhaustion" | "evidence" | "proof"> & {
  readonly jvms: readonly LeakingJvm[];
  readonly since_between: Interval;
  readonly rate_between: Interval;
  readonly exhaustion: Exhaustion | null;
  readonly evidence: readonly Claim[];
  readonly proof: Proof | null;
};
export type LeakList = Omit<Answers["Leaks"], "leaks"> & { readonly leaks: readonly Leak[] };
export type JvmVerdict = Omit<Answers["Verdict"], "exhaustions"> & { readonly exhaustions: readonly Exhaustion[] };
export type Verdicts = { readonly jvms: readonly JvmVerdict[] };
export type VerifiedSide = Answers["Compared"];
export type Verified = Omit<Answers["Verified"], "proofs"> & { readonly proofs: readonly Proof[] };
export type Who = Answers["Who"];
export type SignInWays = Answers["SignInWays"];
export type UserList = Answers["UserList"];
export type UserRow = Answers["ListedUser"];
export type UserRules = Pick<UserList, "password_least" | "password_most">;
export type TokenList = Answers["TokenList"];
export type TokenRow = Answers["TokenRow"];
export type MadeToken = Answers["MadeToken"];
export type AuditEntry = Answers["AuditEntry"];
export type AuditEntries = Answers["AuditEntries"];
export type Jvms = Answers["Jvms"];
export type JvmLife = Answers["Jvm"];
export type DoorRow = Answers["DoorStatus"];
export type AgentRow = Answers["AgentStatus"];
export type Targets = Answers["Targets"];
export type TargetRow = Answers["TargetRow"];
export type Cardinality = Answers["Cardinality"];
export type MakerRow = Answers["MakerRow"];

export type Monitors = Answers["Monitors"];
export type MonitorRow = Answers["MonitorRow"];
export type OneMonitor = Answers["OneMonitor"];
export type MonitorHistory = Answers["History"];
export type Tried = Answers["Backtest"];
export type Silence = Answers["Silence"];
export type Silences = Answers["Silences"];

export type Diagnoses = Answers["Diagnoses"];
/** A kept diagnosis is answered whole, also what may be left out when it is sent. */
export type HeldWay = Required<Answers["Way"]>;
export type Diagnosis = Omit<Answers["Diagnosis"], "holders"> & {
  readonly holders: { readonly jfr: readonly HeldWay[]; readonly heap_dump: { readonly ways: readonly HeldWay[] } | null };
};

export type Workflows = Answers["Workflows"];
export type WorkflowRow = Answers["Workflow"];
export type Run = Answers["Run"];
export type Runs = Answers["Runs"];
export type RunStep = Answers["RunStep"];
export type Approval = Answers["Approval"];
export type Approvals = Answers["Approvals"];
export type Switch = Answers["Switch"];
