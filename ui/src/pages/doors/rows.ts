/** What the tables of this page show, made of what the server says. Pure: no signal, no request. */
import type { AgentRow, MakerRow, QueryAnswer, Rejects, Status, TargetRow } from "../../api/types";
import { exact } from "../../lib/format";
import type { Sort } from "../../lib/table";

export const SECTIONS = ["doors", "agents", "targets", "refused", "series"] as const;
export type Section = (typeof SECTIONS)[number];

/** The section that an address asks for; "" is the overview of all. */
export const sectionOf = (text: string | null): Section | "" => SECTIONS.find((one) => one === text) ?? "";

/** What costs us JVMs of one host: the share of time in pauses, the share allowed, the interval that allows. */
export interface Cost {
  readonly share: number | null;
  readonly budget: number | null;
  readonly interval_s: number | null;
}
export type AgentLine = AgentRow & Cost & { readonly use: number | null };

/** The last value of each host in an answer that is one series a host. */
export function byHost(answer: QueryAnswer | null): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { labels, values } of answer?.rows.at(-1)?.series ?? []) {
    const last = values.findLast((value) => value !== null);
    if (labels.host !== undefined && last !== undefined && last !== null) found.set(labels.host, last);
  }
  return found;
}

const NONE_KNOWN: ReadonlyMap<string, number> = new Map();

export function agentLines(agents: readonly AgentRow[], shares = NONE_KNOWN, budgets = NONE_KNOWN, intervals = NONE_KNOWN): AgentLine[] {
  return agents.map((agent) => {
    const share = shares.get(agent.host) ?? null;
    const budget = budgets.get(agent.host) ?? null;
    const use = share !== null && budget ? share / budget : null;
    return { ...agent, share, budget, use, interval_s: intervals.get(agent.host) ?? null };
  });
}

/** What waits in an agent's spool, in full; nothing is said where nothing waits. */
export const spooled = ({ spool_bytes, spool_batches }: AgentLine): string | undefined =>
  spool_bytes ? `${exact(spool_bytes, "bytes")} in ${exact(spool_batches, spool_batches === 1 ? "batch" : "batches")}` : undefined;

/** Agents whose id, host or version holds the text, in the order that was chosen; what is not known stands last. */
export function shownAgents(lines: readonly AgentLine[], text: string, sort: Sort): AgentLine[] {
  const wanted = text.trim().toLowerCase();
  const fits = lines.filter((line) => [line.id, line.host, line.version].some((cell) => cell.toLowerCase().includes(wanted)));
  const key = sort.key as keyof AgentLine;
  const sign = sort.order === "asc" ? 1 : -1;
  return fits.sort((a, b) => {
    const [one, other] = [a[key] ?? null, b[key] ?? null];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return sign * (typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true }));
  });
}

export interface Refusal {
  readonly name: string;
  readonly number: number;
}

const most = (one: Refusal, other: Refusal) => other.number - one.number || one.name.localeCompare(other.name);
const sum = (numbers: Iterable<number>) => [...numbers].reduce((all, one) => all + one, 0);

/** How much each door refused, most first. */
export const refusalsByDoor = (counts: Rejects["counts"]): Refusal[] =>
  Object.entries(counts).map(([name, reasons]) => ({ name, number: sum(Object.values(reasons)) })).sort(most);

/** How much was refused for each reason, at one door or ("") at all, most first. */
export function refusalsByReason(counts: Rejects["counts"], door: string): Refusal[] {
  const totals = new Map<string, number>();
  for (const [name, reasons] of Object.entries(counts)) {
    if (door && name !== door) continue;
    for (const [reason, number] of Object.entries(reasons)) totals.set(reason, (totals.get(reason) ?? 0) + number);
  }
  return [...totals].map(([name, number]) => ({ name, number })).sort(most);
}

/** Targets that fail first, then by job and instance. */
export function shownTargets(targets: readonly TargetRow[]): TargetRow[] {
  const order = { down: 0, unknown: 1, up: 2 } as const;
  return [...targets].sort((a, b) => order[a.health] - order[b.health] || a.job.localeCompare(b.job) || a.instance.localeCompare(b.instance));
}

/** `graphite-tcp 10.0.0.5` is a door and who came by it. */
export function makerParts(maker: string): { door: string; sender: string } {
  const space = maker.indexOf(" ");
  return space < 0 ? { door: maker, sender: "" } : { door: maker.slice(0, space), sender: maker.slice(space + 1) };
}

/** Labels of a sender with as many values as half of its series: taking one of them away is what helps. */
export const wideLabels = ({ labels, used }: MakerRow): MakerRow["labels"] => labels.filter(({ values }) => values > 10 && values >= used / 2);

/** A growth per minute: small ones keep a digit, so that one line in ten minutes is not none. */
export function pace(value: number | null | undefined, write: (value: number) => string): string {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  if (value < 0.1) return "<0.1/min";
  return `${value < 10 ? String(Number(value.toFixed(1))) : write(Math.round(value))}/min`;
}

const SENT = ["snapshot", "sample", "log", "event"];

/** Whether nothing came since the server started, and nothing is stored that came before. */
export const nothingYet = (status: Status): boolean =>
  status.agents.length === 0 && status.doors.every((door) => door.requests === 0 && door.rejects === 0) && SENT.every((table) => !status.rows[table]);
