import { describe, expect, it } from "vitest";
import type { ClassHistory, JvmLife } from "../../api/types";
import { aligned, keyOf } from "./curves";
import { readSide } from "./choose";
import { chosenService, questionOf, readAsked, servicesOf } from "./sides";

const life = (jvm: string, host: string, version: string, started: number): JvmLife => ({
  host, jvm, pid: started, started, labels: { service: jvm, ...(version ? { version } : {}) }, java: "17", collector: "G1", user: "", container: "", command: "", first_seen: started, last_seen: started + 100, state: "up",
});
const lives = [life("orders", "h1", "1.9", 100), life("orders", "h1", "1.10", 200), life("orders", "h2", "1.9", 110), life("shop", "w1", "4.0", 50), life("shop", "w2", "", 60)];
const span = { from: 1000, to: 3000 };

describe("what is compared", () => {
  const services = servicesOf(lives);
  const [orders, shop] = [services[0]!, services[1]!];
  it("orders versions by when they came, not by their names", () => {
    expect(orders.versions.map((one) => [one.name, one.jvms, one.from, one.to])).toEqual([["1.10", 1, 200, 300], ["1.9", 2, 100, 210]]);
    expect(shop.versions.map((one) => one.name)).toEqual(["4.0"]);
  });
  it("is the newest two versions of a service that has two, before one that has none to compare", () => {
    expect(chosenService(services, "", new Set())?.name).toBe("orders");
    expect(chosenService(services, "shop", new Set())?.name).toBe("shop");
    expect(chosenService([], "", new Set())).toBeNull();
    const asked = readAsked(new URLSearchParams(), orders, span);
    expect([asked.by, asked.before, asked.after]).toEqual(["version", "1.9", "1.10"]);
    expect(questionOf(asked)).toEqual({ service: "orders", class: [], before_version: "1.9", after_version: "1.10" });
  });
  it("is two halves of the range where there is one version only", () => {
    const asked = readAsked(new URLSearchParams(), shop, span);
    expect(asked.by).toBe("time");
    expect(questionOf(asked)).toEqual({ service: "shop", class: [], before_from: 1000, before_to: 2000, after_from: 2000, after_to: 3000 });
  });
  it("is what the address says, as long as that can be", () => {
    const asked = readAsked(new URLSearchParams("before_version=1.10&after_version=1.9&class=a.B"), orders, span);
    expect(questionOf(asked)).toMatchObject({ before_version: "1.10", after_version: "1.9", class: ["a.B"] });
    expect(questionOf(readAsked(new URLSearchParams("before_version=1.9&after_version=1.9"), orders, span))).toBeNull();
    expect(readAsked(new URLSearchParams("before_version=9.9"), orders, span).before).toBe("1.9");
    expect(questionOf(readAsked(new URLSearchParams("by=time&before_from=1795341600000&before_to=1795341660000&after_from=1795341660000&after_to=1795341720000"), orders, span))).toMatchObject({ before_from: 1_795_341_600_000, after_to: 1_795_341_720_000 });
  });
  it("is typed like any range", () => {
    expect(readSide("2026-11-22 14:00", "2026-11-22 15:00")).toEqual({ from: new Date(2026, 10, 22, 14).getTime(), to: new Date(2026, 10, 22, 15).getTime() });
    expect(readSide("yesterday", "now")).toBe("“yesterday” is not a time.");
  });
});

describe("curves of both sides", () => {
  const answer = (times: number[], series: [JvmLife, (number | null)[]][]): ClassHistory => ({
    from: 0, to: 0, interval_s: 0.01, rollup: "last", times, warnings: [],
    series: series.map(([one, instances]) => ({ labels: { host: one.host, jvm: one.jvm, pid: one.pid, started: one.started }, instances, bytes: instances })),
  });
  it("begin together, each at its first sample", () => {
    const [was, now] = [lives[0]!, lives[1]!];
    const curves = aligned(answer([100, 110, 120], [[was, [5, 15, 25]]]), answer([500, 510, 520, 530], [[now, [null, 7, 8, 7]]]), { before: new Set([keyOf(was)]), after: null });
    expect(curves.times).toEqual([0, 10, 20]);
    expect(curves.lines.map((line) => [line.label, line.values])).toEqual([["before · h1", [5, 15, 25]], ["after · h1", [7, 8, 7]]]);
    expect([curves.shown, curves.longest]).toEqual([20, 20]);
    expect(curves.lines[0]?.slot).not.toBe(curves.lines[1]?.slot);
  });
  it("reach no further than five times the shorter side", () => {
    const [was, now] = [lives[0]!, lives[1]!];
    const long = Array.from({ length: 20 }, (_, index) => index * 10);
    const curves = aligned(answer(long, [[was, long]]), answer([0, 10], [[now, [7, 7]]]), { before: null, after: null });
    expect([curves.shown, curves.longest, curves.times.length]).toEqual([50, 190, 6]);
  });
  it("leave out lives of other versions", () => {
    const curves = aligned(answer([100, 110], [[lives[0]!, [1, 2]], [lives[2]!, [3, 4]]]), null, { before: new Set([keyOf(lives[2]!)]), after: null });
    expect(curves.lines.map((line) => line.label)).toEqual(["before · h2"]);
  });
});
