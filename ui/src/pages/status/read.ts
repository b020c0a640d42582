/** The status answer as rows. Fields that a server does not have are left out, not invented. */
import { bytes, count, duration } from "../../lib/format";

export interface Status {
  version?: string;
  uptime_s?: number;
  engine?: string;
  rows?: number | Record<string, number>;
  disk_bytes?: number;
  retention?: unknown;
  doors?: Record<string, unknown>[];
  agents?: Record<string, unknown>[];
  [name: string]: unknown;
}

export interface Rejects {
  rejects: { time: number; door: string; peer?: string; reason: string; sample?: string }[];
  counts?: Record<string, Record<string, number>>;
}

const text = (value: unknown) => (value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
const number = (value: unknown) => (typeof value === "number" ? value : null);

export function agentsOf(status: Status) {
  return (status.agents ?? []).map((agent) => ({
    id: text(agent["id"]),
    host: text(agent["host"]),
    version: text(agent["version"]),
    lastSeen: number(agent["last_seen"]),
    sequence: number(agent["sequence"]),
    lag: number(agent["lag"]) ?? number(agent["lag_ms"]),
  }));
}

export function doorsOf(status: Status) {
  return (status.doors ?? []).map((door) => ({
    name: text(door["name"]),
    address: text(door["address"]),
    counters: Object.entries((door["counters"] ?? {}) as Record<string, unknown>).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  }));
}

export function factsOf(status: Status): { name: string; value: string; title?: string }[] {
  const rows = typeof status.rows === "number" ? status.rows : Object.values(status.rows ?? {}).reduce((sum, one) => sum + one, 0);
  const facts = [
    { name: "Version", value: text(status.version) },
    { name: "Up for", value: status.uptime_s === undefined ? "" : duration(status.uptime_s * 1000) },
    { name: "Store", value: text(status.engine) },
    { name: "Rows", value: rows ? count(rows) : "", title: typeof status.rows === "object" ? JSON.stringify(status.rows, null, 1) : undefined },
    { name: "On disk", value: status.disk_bytes === undefined ? "" : bytes(status.disk_bytes) },
  ];
  return facts.filter((fact) => fact.value !== "").map(({ name, value, title }) => ({ name, value, ...(title ? { title } : {}) }));
}
