import { describe, expect, it } from "vitest";
import type { ClassHistory, FleetRow } from "../../api/types";
import { linesOf, names, places, present } from "../class/history";
import { sorted } from "../class/places";
import { commonSuspect, curvesOf, growing, groupsOf, joined } from "./grouping";

const MINUTE = 60_000;
function row(host: string, jvm: string, values: (number | null)[], more: Partial<FleetRow> = {}): FleetRow {
  return {
    host, jvm, pid: 1, started: 1, labels: { service: "shop" }, java: "17", collector: "G1", user: "u", container: "", state: "up", last_seen: 1,
    heap_used: 1, heap_after_gc: 1, heap_max: 100, growth_per_hour: 10, gc_load: 0, bytes: 1, instances: 1, classes: 1,
    spark: { times: values.map((_, index) => index * MINUTE), values }, top_class: { class: "a.Leak", bytes_per_min: 5 },
    pause_ms: 1, pause_share: 0.001, pause_budget: 0.005, interval_s: 10, restarts: 0,
    verdict: "clean", verdict_reason: "", leaks: [], full_in_s: null, full_between_s: null, full_of: null, ...more,
  };
}
const rising = Array.from({ length: 20 }, (_, index) => 50 + index);
const fixed = rising.map((value) => Math.min(value, 60));

describe("JVMs in groups", () => {
  const rows = [row("h1", "app", rising), row("h2", "app", rising, { growth_per_hour: 30 }), row("h3", "app", fixed), row("h4", "other", rising, { labels: {}, growth_per_hour: 1 })];
  it("come by the fastest of each, those without the label by themselves", () => {
    expect(groupsOf(rows, "service").map((group) => [group.name, group.rows.length])).toEqual([["shop", 3], ["", 1]]);
    expect(groupsOf(rows, "jvm").map((group) => group.name)).toEqual(["app", "other"]);
  });
  it("are called growing while they do, not when the leak was fixed or the process ended", () => {
    const group = groupsOf(rows, "jvm")[0]!;
    expect(growing(group).map((one) => one.host)).toEqual(["h1", "h2"]);
    expect(growing({ name: "", rows: [row("x", "y", rising, { state: "exited" })] })).toEqual([]);
  });
  it("name the class that grows on most of them", () => {
    expect(commonSuspect(rows.slice(0, 3))).toEqual({ name: "a.Leak", hosts: 3 });
    expect(commonSuspect(rows.slice(0, 1))).toBeNull();
  });
  it("show their curves on one time axis, named by what differs", () => {
    expect(joined([{ times: [0, 20], values: [1, 2] }, { times: [10, 20], values: [5, null] }])).toEqual({ times: [0, 10, 20], columns: [[1, null, 2], [null, 5, null]] });
    expect(curvesOf(groupsOf(rows, "jvm")[0]!, 2).lines.map((line) => line.label)).toEqual(["h1", "h2"]);
    expect(curvesOf({ name: "s", rows: [row("m1", "m1", rising), row("m2", "m2", rising)] }, 9).lines.map((line) => line.label)).toEqual(["m1", "m2"]);
  });
});

describe("a class on its hosts", () => {
  const times = Array.from({ length: 30 }, (_, index) => index * MINUTE);
  const series = (host: string, started: number, bytes: (number | null)[]) => ({ labels: { class: "a.Leak", host, jvm: "app", pid: 1, started }, bytes, instances: bytes.map((value) => value && value / 10) });
  const answer: ClassHistory = { from: 0, to: 1, interval_s: 60, rollup: "last", times, warnings: [], series: [
    series("h1", 1, times.map((_, index) => 1000 + index * 50)), series("h2", 1, times.map((_, index) => (index < 12 ? 2000 + index * 100 : null))),
    series("h2", 780_000, times.map((_, index) => (index < 13 ? null : index * 10))), series("h3", 1, times.map(() => 0)),
  ] };
  it("is left out where there is none", () => expect(present(answer).series).toHaveLength(3));
  it("keeps a host's colour over a restart", () => {
    const lines = linesOf(answer, "bytes", "life");
    const slots = new Map(lines.map((line) => [line.label, line.slot]));
    expect(slots.size).toBe(4);
    const [first, second] = lines.filter((line) => line.label.startsWith("h2"));
    expect(first?.slot).toBe(second?.slot);
  });
  it("has growth, share and size of each, and knows what has ended", () => {
    const rows = places(present(answer), "life");
    const one = rows.find((each) => each.name === "h1")!;
    expect(one.bytesPerMinute).toBeCloseTo(50);
    expect(one.each).toBe(10);
    expect(one.grows).toBe(true);
    expect(rows.filter((each) => each.ended !== null).map((each) => each.labels["started"])).toEqual([1]);
    expect(rows.reduce((sum, each) => sum + (each.share ?? 0), 0)).toBeCloseTo(1);
  });
  it("is sorted by any column, rows without a value last from the top", () => {
    const rows = places(present(answer), "life");
    expect(sorted(rows, { key: "bytes", order: "desc" })[0]?.bytes).toBe(3100);
    expect(sorted(rows, { key: "name", order: "asc" })[0]?.name).toBe("h1");
  });
  it("is named as it was asked for", () => {
    expect(names([{ class: "x", host: "h9" }], "host")).toEqual(["h9"]);
    expect(names([{ class: "x" }], "none")).toEqual(["together"]);
  });
});
