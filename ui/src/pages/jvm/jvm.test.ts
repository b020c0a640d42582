import { describe, expect, it } from "vitest";
import type { PackageColumns, Series, Totals } from "../../api/types";
import { cell, fileName, toCsv } from "./csv";
import { nameLives } from "./lives";
import { ownSums, packageTree, visible, MEASURES } from "./packagetree";
import { PANELS, panelLines } from "./panelspecs";
import { instants, narrowed, readChoice } from "./selection";
import { cuts, shortened, topLines } from "./top";
import { totalLines } from "./total";

const frame = { from: 0, to: 30, interval_s: 0.01, rollup: "last", times: [0, 10, 20], warnings: [] };

describe("what the address chooses", () => {
  it("is the difference over the range unless something is selected", () => {
    const span = { from: 1000, to: 5000 };
    expect(instants(readChoice(new URLSearchParams("host=a&jvm=b")), span)).toEqual({ before: 1000, at: 5000 });
    expect(instants(readChoice(new URLSearchParams("compare=off")), span)).toEqual({ before: null, at: 5000 });
    expect(instants(readChoice(new URLSearchParams("before=1795341600000&at=1795341660000")), span)).toEqual({ before: 1_795_341_600_000, at: 1_795_341_660_000 });
  });
  it("falls back where it makes no sense", () => {
    const choice = readChoice(new URLSearchParams("mode=dead&by=colour&view=3d&before=1795341660000&at=1795341600000"));
    expect([choice.mode, choice.by, choice.view, choice.brush]).toEqual(["all", "bytes", "table", null]);
  });
  it("narrows several JVMs to the one whose classes are listed", () => {
    const rows = [{ host: "h1", jvm: "app" }, { host: "h2", jvm: "app" }];
    const choice = readChoice(new URLSearchParams("jvm=app"));
    expect(narrowed(choice, rows).host).toEqual(["h1"]);
    expect(narrowed({ ...choice, one: "h2 app" }, rows).host).toEqual(["h2"]);
    expect(narrowed(choice, rows.slice(0, 1))).toBe(choice);
  });
});

describe("lines", () => {
  const life = (host: string, started: number) => ({ host, jvm: "app", pid: 1, started, mode: "all" });
  it("are named by what tells them apart", () => {
    expect(nameLives([life("a", 1)])).toEqual(["all objects"]);
    expect(nameLives([life("a", 1), life("b", 2)])).toEqual(["a", "b"]);
    const again = nameLives([life("a", 1), life("a", 5000)]);
    expect(again[0]).toMatch(/^since \d\d:\d\d:\d\d$/);
    expect(new Set(again).size).toBe(2);
  });
  it("of a restart stay two, under one limit", () => {
    const totals: Totals = { ...frame, series: [
      { labels: life("a", 1), bytes: [1, 2, null], instances: [1, 2, null], classes: [1, 1, null] },
      { labels: life("a", 9), bytes: [null, null, 1], instances: [null, null, 1], classes: [null, null, 1] },
    ] };
    const lines = totalLines(totals, "bytes", 800);
    expect(lines.map((line) => line.values)).toEqual([[1, 2, null], [null, null, 1], [800, 800, 800]]);
    expect(totalLines(totals, "instances", 800)).toHaveLength(2);
  });
  const top: Series = { ...frame, series: [
    { labels: { class: "byte[]" }, values: [100, 900, 2000] }, { labels: { class: "a.Entry" }, values: [5, 6, 7] },
    { labels: { class: "b.Entry" }, values: [1, 2, 3] }, { labels: { class: "(other)" }, values: [50, 50, 50] },
  ] };
  it("of giants can be cut off, and the rest of the heap goes with them", () => {
    expect(topLines(top, null).lines.map((line) => line.label)).toEqual(["byte[]", "a.Entry", "b.Entry", "all other classes"]);
    expect(topLines(top, 1000)).toMatchObject({ hidden: 1, lines: [{ key: "a.Entry" }, { key: "b.Entry" }] });
    expect(cuts(top, "instances")[0]).toBe(2000);
  });
  it("have short names unless two are alike", () => {
    expect(shortened(topLines(top, null).lines).map((line) => line.label)).toEqual(["byte[]", "a.Entry", "b.Entry", "all other classes"]);
    expect(shortened(topLines({ ...top, series: [{ labels: { class: "akka.actor.ActorCell" }, values: [1, 1, 1] }] }, null).lines)[0]?.label).toBe("ActorCell");
  });
  it("of counters are their increase, one for each pool or collector", () => {
    const who = { host: "a", jvm: "app", pid: 1, started: 1 };
    const series = (metric: string, values: (number | null)[], more = {}) => ({ labels: { ...who, metric, ...more }, values });
    const answer: Series = { ...frame, interval_s: 60, to: 190_000, times: [0, 60_000, 120_000, 180_000], series: [
      series("jvm.gc.count", [10, 16, 28, 29], { gc: "young" }), series("jvm.heap.used", [1, 2, 3, 4]), series("jvm.heap.max", [9, 9, 9, 9]), series("jvm.heap.committed", [null, null, null, null]),
    ] };
    const panel = (title: string) => panelLines(PANELS.find((one) => one.title === title)!, answer);
    expect(panel("Collections")).toMatchObject([{ label: "young", values: [null, 6, 12, null] }]);
    expect(panel("Heap").map((line) => [line.label, line.limit ?? false])).toEqual([["used", false], ["limit", true]]);
    expect(panel("Threads")).toEqual([]);
  });
});

describe("packages", () => {
  // As the server sums: com and com.shop have all of what is below them.
  const columns: PackageColumns = {
    package: ["", "com", "com.shop", "com.shop.cart", "com.shop.pay"], parent: ["", "", "com", "com.shop", "com.shop"],
    classes: [1, 6, 6, 2, 3], instances: [10, 60, 60, 20, 30], bytes: [100, 600, 600, 200, 300], delta_bytes: [50, 70, 70, 60, 0], delta_instances: [5, 7, 7, 6, 0],
  };
  it("stand under each other, chains in one row", () => {
    const tree = packageTree(columns);
    expect(tree.map((node) => node.label)).toEqual(["(no package)", "com.shop"]);
    expect(tree[1]?.children.map((node) => node.label)).toEqual(["cart", "pay"]);
  });
  it("unfold in the order of the measure", () => {
    const tree = packageTree(columns);
    const names = (open: string[]) => visible(tree, new Set(open), MEASURES["delta_bytes"]!, false).map((node) => node.name);
    expect(names([])).toEqual(["com.shop", ""]);
    expect(names(["com.shop"])).toEqual(["com.shop", "com.shop.cart", "com.shop.pay", ""]);
  });
  it("count every byte once in the treemap", () => {
    const own = ownSums(columns);
    expect(own.bytes).toEqual([100, 0, 100, 200, 300]);
    expect(own.delta).toEqual([50, 0, 10, 60, 0]);
    expect(own.bytes.reduce((sum, one) => sum + one)).toBe(700);
  });
});

describe("a CSV file", () => {
  it("cannot run formulas and keeps odd names whole", () => {
    expect(cell("=cmd|' /C calc'!A0")).toBe("'=cmd|' /C calc'!A0");
    expect(cell('a,"b"')).toBe('"a,""b"""');
    expect(cell(-5)).toBe("-5");
    expect(cell(null)).toBe("");
  });
  it("says that bytes are shallow", () => {
    expect(toCsv({ class: ["byte[]"], instances: [2], bytes: [64], delta_bytes: [-8] }, true)).toBe("class,instances,shallow_bytes,shallow_delta_bytes\r\nbyte[],2,64,-8\r\n");
  });
  it("has a name that every system takes", () => expect(fileName({ jvm: ["a/b:c"], host: ["web 1"], at: 1_795_345_200_000 })).toBe("heapwatch-a_b_c-web_1-2026-11-22T110000Z"));
});
