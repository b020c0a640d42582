/** What is compared: a service, and before and after by version or by time. All of it stands in the address. Pure. */
import type { JvmLife } from "../../api/types";
import { parseInstant, type Span } from "../../lib/range";

export interface Version {
  readonly name: string;
  /** When a life of it was seen first and last. */
  readonly from: number;
  readonly to: number;
  readonly jvms: number;
}

export interface Service {
  readonly name: string;
  /** Newest first. */
  readonly versions: readonly Version[];
  readonly lives: readonly JvmLife[];
}

export const serviceOf = (life: Pick<JvmLife, "labels" | "jvm">): string => life.labels["service"] || life.jvm;

const bornAt = (life: JvmLife): number => life.started || life.first_seen;

export function servicesOf(lives: readonly JvmLife[]): Service[] {
  const found = new Map<string, JvmLife[]>();
  for (const life of lives) {
    const name = serviceOf(life);
    const known = found.get(name);
    if (known) known.push(life);
    else found.set(name, [life]);
  }
  return [...found].map(([name, own]) => ({ name, versions: versionsOf(own), lives: own })).sort((a, b) => a.name.localeCompare(b.name));
}

function versionsOf(lives: readonly JvmLife[]): Version[] {
  const found = new Map<string, JvmLife[]>();
  for (const life of lives) {
    const name = life.labels["version"] ?? "";
    if (name) found.set(name, [...(found.get(name) ?? []), life]);
  }
  const versions = [...found].map(([name, own]) => ({
    name,
    from: Math.min(...own.map(bornAt)),
    to: Math.max(...own.map((life) => life.last_seen)),
    jvms: new Set(own.map((life) => `${life.host} ${life.jvm}`)).size,
  }));
  return versions.sort((a, b) => b.from - a.from);
}

export type By = "version" | "time";

export interface Asked {
  readonly service: string;
  readonly by: By;
  readonly classes: readonly string[];
  readonly before: string;
  readonly after: string;
  readonly beforeSpan: Span | null;
  readonly afterSpan: Span | null;
}

function spanOf(query: URLSearchParams, side: string): Span | null {
  const from = parseInstant(query.get(`${side}_from`) ?? "");
  const to = parseInstant(query.get(`${side}_to`) ?? "");
  return from !== null && to !== null && from < to ? { from, to } : null;
}

/** The service that is asked for; else one that has something to compare and leaks, else one that has, else any. */
export function chosenService(services: readonly Service[], asked: string, leaking: ReadonlySet<string>): Service | null {
  const rank = (one: Service) => (one.versions.length > 1 ? 2 : 0) + (leaking.has(one.name) ? 1 : 0);
  return services.find((one) => one.name === asked) ?? [...services].sort((a, b) => rank(b) - rank(a))[0] ?? null;
}

/** What the address says, completed by the newest two versions; without two, by two stretches of time. */
export function readAsked(query: URLSearchParams, service: Service, range: Span): Asked {
  const versions = service.versions;
  const wanted = query.get("by");
  const by: By = wanted === "time" || wanted === "version" ? wanted : versions.length > 1 ? "version" : "time";
  const known = (name: string | null) => versions.find((one) => one.name === name)?.name;
  const after = known(query.get("after_version")) ?? versions[0]?.name ?? "";
  const before = known(query.get("before_version")) ?? versions.find((one) => one.name !== after)?.name ?? "";
  const middle = (range.from + range.to) / 2;
  return {
    service: service.name,
    by,
    classes: query.getAll("class"),
    before,
    after,
    beforeSpan: spanOf(query, "before") ?? { from: range.from, to: middle },
    afterSpan: spanOf(query, "after") ?? { from: middle, to: range.to },
  };
}

/** What the server is asked; null while it cannot be. */
export function questionOf(asked: Asked): Readonly<Record<string, string | number | readonly string[]>> | null {
  const common = { service: asked.service, class: asked.classes };
  if (asked.by === "version") return asked.before && asked.after && asked.before !== asked.after ? { ...common, before_version: asked.before, after_version: asked.after } : null;
  if (!asked.beforeSpan || !asked.afterSpan) return null;
  const round = Math.round;
  return { ...common, before_from: round(asked.beforeSpan.from), before_to: round(asked.beforeSpan.to), after_from: round(asked.afterSpan.from), after_to: round(asked.afterSpan.to) };
}
