import { describe, expect, it } from "vitest";
import type { AgentRow, MakerRow, QueryAnswer, Status, TargetRow } from "../../api/types";
import { agentLines, byHost, makerParts, nothingYet, pace, refusalsByDoor, refusalsByReason, sectionOf, shownAgents, shownTargets, spooled, wideLabels } from "./rows";

const agent = (id: string, more: Partial<AgentRow> = {}): AgentRow => ({ id, host: id.split(":")[1] ?? "", version: "1.0", last_seen: 1, sequence: 1, lag: null, lag_ms: null, spool_bytes: null, spool_batches: null, ...more });
const answer = (series: readonly { labels: Record<string, string>; values: (number | null)[] }[]) => ({ rows: [{ series }] }) as unknown as QueryAnswer;

describe("agents", () => {
  const lines = agentLines([agent("agent:web10", { lag_ms: 5 }), agent("agent:web9", { lag_ms: 900 }), agent("agent:db1")], new Map([["web9", 0.001]]), new Map([["web9", 0.002]]), new Map([["web9", 20]]));

  it("use of the budget is the share of it, where both are known", () => {
    expect(lines.map((line) => [line.host, line.use, line.interval_s])).toEqual([["web10", null, null], ["web9", 0.5, 20], ["db1", null, null]]);
  });

  it("say what waits in a spool, and nothing where none does", () => {
    const told = (spool_bytes: number | null, spool_batches: number | null) => agentLines([agent("a", { spool_bytes, spool_batches })]).map(spooled);
    expect(told(2048, 3)).toEqual(["2,048 bytes in 3 batches"]);
    expect(told(10, 1)).toEqual(["10 bytes in 1 batch"]);
    expect([...told(0, 0), ...told(null, null)]).toEqual([undefined, undefined]);
  });

  it("are sorted by any column, the unknown last whichever way", () => {
    const ids = (key: string, order: "asc" | "desc") => shownAgents(lines, "", { key, order }).map((line) => line.host);
    expect(ids("lag_ms", "desc")).toEqual(["web9", "web10", "db1"]);
    expect(ids("lag_ms", "asc")).toEqual(["web10", "web9", "db1"]);
    expect(ids("host", "asc")).toEqual(["db1", "web9", "web10"]);
  });

  it("are found by a part of what they are called", () => {
    expect(shownAgents(lines, " WEB1", { key: "host", order: "asc" }).map((line) => line.host)).toEqual(["web10"]);
  });

  it("take the last value of their host, past gaps", () => {
    const found = byHost(answer([{ labels: { host: "web1" }, values: [1, 2, null] }, { labels: { host: "web2" }, values: [null] }, { labels: {}, values: [3] }]));
    expect([...found]).toEqual([["web1", 2]]);
    expect(byHost(null).size).toBe(0);
  });
});

describe("what was refused", () => {
  const counts = { "graphite-tcp": { "bad-value": 2, "bad-time": 7 }, batch: { unreadable: 1 }, "graphite-udp": { "bad-value": 9 } };

  it("is counted by door, most first, ties by name", () => {
    expect(refusalsByDoor(counts).map(({ name, number }) => `${name} ${number}`)).toEqual(["graphite-tcp 9", "graphite-udp 9", "batch 1"]);
  });

  it("is counted by reason at all doors or at one", () => {
    expect(refusalsByReason(counts, "").map(({ name, number }) => `${name} ${number}`)).toEqual(["bad-value 11", "bad-time 7", "unreadable 1"]);
    expect(refusalsByReason(counts, "batch")).toEqual([{ name: "unreadable", number: 1 }]);
    expect(refusalsByReason(counts, "nowhere")).toEqual([]);
  });
});

describe("senders of series", () => {
  it("are a door and a name, which may have spaces", () => {
    expect(makerParts("graphite-tcp 10.0.0.5")).toEqual({ door: "graphite-tcp", sender: "10.0.0.5" });
    expect(makerParts("prometheus my token")).toEqual({ door: "prometheus", sender: "my token" });
    expect(makerParts("batch")).toEqual({ door: "batch", sender: "" });
  });

  it("are blamed for the label that has almost as many values as there are series", () => {
    const maker = { maker: "x", series: 90, jvms: 4, classes: 6, used: 100, refused: 9, last_refused: null, examples: [], metrics: [], labels: [{ name: "request", values: 100 }, { name: "path", values: 3 }] } satisfies MakerRow;
    expect(wideLabels(maker).map(({ name }) => name)).toEqual(["request"]);
    expect(wideLabels({ ...maker, series: 4, labels: [{ name: "host", values: 4 }] })).toEqual([]);
  });
});

it("targets that are down stand first", () => {
  const target = (job: string, health: TargetRow["health"]): TargetRow => ({ job, health, instance: "a:1", url: "", labels: {}, interval_s: 1, last: null, seconds: 0, samples: 0, error: "" });
  expect(shownTargets([target("a", "up"), target("c", "down"), target("b", "unknown"), target("b", "down")]).map(({ job, health }) => `${job} ${health}`)).toEqual(["b down", "c down", "b unknown", "a up"]);
});

it("a pace keeps what is small and says when it is none", () => {
  const write = (value: number) => `${value} B`;
  expect([null, undefined, 0, 0.04, 0.52, 9.96, 12.4].map((value) => pace(value, write))).toEqual(["–", "–", "0", "<0.1/min", "0.5/min", "10/min", "12 B/min"]);
});

it("an address that asks for no section shows all", () => {
  expect([null, "", "nope", "agents"].map(sectionOf)).toEqual(["", "", "", "agents"]);
});

it("nothing has arrived until a door was used, an agent is known or a row is stored", () => {
  const status = (more: object) => ({ agents: [], doors: [{ requests: 0, rejects: 0 }], rows: { sample: 0, name: 7 }, ...more }) as unknown as Status;
  expect(nothingYet(status({}))).toBe(true);
  for (const more of [{ agents: [{}] }, { doors: [{ requests: 1, rejects: 0 }] }, { doors: [{ requests: 0, rejects: 1 }] }, { rows: { sample: 1 } }]) expect(nothingYet(status(more))).toBe(false);
});
