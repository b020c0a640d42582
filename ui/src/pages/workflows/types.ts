/** What the server answers about workflows, until its description knows them. */
export interface Switch { readonly stopped: boolean; readonly by: string; readonly at: number | null; readonly note: string }
export interface Approval {
  readonly run: string; readonly step: string; readonly workflow: string; readonly labels: Readonly<Record<string, string>>;
  readonly asked: number | null; readonly expires: number | null; readonly shows: readonly string[]; readonly users: readonly string[]; readonly state: string; readonly by: string;
}
export interface RunStep {
  readonly id: string; readonly do: string; readonly state: string; readonly attempt: number; readonly started: number | null; readonly ended: number | null;
  readonly duration_ms: number | null; readonly parameters: Readonly<Record<string, unknown>>; readonly output: Readonly<Record<string, unknown>> | null; readonly error: string; readonly approval: Approval | null;
}
export interface Run {
  readonly id: string; readonly workflow: string; readonly state: string; readonly reason: string; readonly trigger: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>; readonly dry_run: boolean | null; readonly created: number; readonly started: number | null; readonly ended: number | null; readonly steps: readonly RunStep[];
}
export interface WorkflowRow {
  readonly name: string; readonly description: string; readonly file: string; readonly text: string; readonly triggers: readonly string[];
  readonly steps: readonly { readonly id: string; readonly do: string; readonly destructive: boolean }[]; readonly destructive: string; readonly running: number; readonly last: Run | null;
}
export interface Workflows { readonly workflows: readonly WorkflowRow[]; readonly switch: Switch; readonly configured: boolean }
export interface Runs { readonly runs: readonly Run[] }
export interface Approvals { readonly approvals: readonly Approval[] }
