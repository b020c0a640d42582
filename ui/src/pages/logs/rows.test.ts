import { describe, expect, test } from "vitest";
import { curvesOf, folded, inSight, messages, offsets, signatures, tone } from "./rows";

describe("messages", () => {
  const columns = { _time: [2, 2, 1], _seq: [8, 7, 7], _text: ["a", "b", "c\nd"], _level: ["ERROR", null, "info"], host: ["x", "", null], took: [5, null, 0] };
  test("a message has its fields in the answer's order, without empty ones", () => {
    expect(messages(columns, ["_time", "host", "took", "_text"])).toEqual([
      { key: "2 8", time: 2, level: "ERROR", text: "a", fields: [["host", "x"], ["took", 5]] },
      { key: "2 7", time: 2, level: "", text: "b", fields: [] },
      { key: "1 7", time: 1, level: "info", text: "c\nd", fields: [["took", 0]] },
    ]);
  });
  test("two of the same moment keep apart", () => {
    expect(messages({ _time: [1, 1], _text: ["a", "a"] }, []).map((one) => one.key)).toEqual(["1 ", "1  1"]);
    expect(messages({}, [])).toEqual([]);
  });
  test("a stack trace folds into its first line", () => {
    expect(folded("boom\n at a\n at b\n")).toEqual({ line: "boom", more: 2 });
    expect(folded("one")).toEqual({ line: "one", more: 0 });
    expect(folded("one\n")).toEqual({ line: "one", more: 0 });
  });
  test("levels are as loud as they are, whatever their case", () => {
    expect([tone("ERROR"), tone("Warning"), tone("debug"), tone(""), tone("odd")]).toEqual(["bad", "warn", "quiet", "plain", "plain"]);
  });
});

describe("rows of different heights", () => {
  const starts = offsets(1000, (index) => (index % 10 === 0 ? 200 : 20));
  test("the last offset is the height of all", () => expect(starts[1000]).toBe(100 * 200 + 900 * 20));
  test.each([0, 777, 5000, 37_900])("what is in sight at %d covers the view and little more", (top) => {
    const { first, end } = inSight(starts, top, 600);
    expect(starts[first]).toBeLessThanOrEqual(top);
    expect(starts[end] ?? 0).toBeGreaterThanOrEqual(Math.min(top + 600, starts[1000] ?? 0));
    expect(end - first).toBeLessThan(90);
  });
  test("nothing has nothing in sight", () => expect(inSight(offsets(0, () => 20), 0, 600)).toEqual({ first: 0, end: 0 }));
});

describe("signatures", () => {
  test("slices of a signature become its counts by time, the most frequent first", () => {
    const columns = { _timeslice: [20, 10, 10], _signature: ["a *", "a *", "b"], _count: [3, 4, 5], _sample: ["a 1", "a 2", "b"], _query: ["qa", "qa", "qb"] };
    expect(signatures(columns)).toEqual([
      { signature: "a *", count: 7, sample: "a 1", query: "qa", times: [10, 20], values: [4, 3] },
      { signature: "b", count: 5, sample: "b", query: "qb", times: [10, 20], values: [5, 0] },
    ]);
    expect(signatures({})).toEqual([]);
  });
});

describe("an aggregation over time as curves", () => {
  test("a curve for each group", () => {
    const columns = { _timeslice: [0, 10, 0], host: ["a", "a", "b"], _count: [1, 2, 3] };
    expect(curvesOf(columns, ["_timeslice", "host", "_count"])).toEqual({ times: [0, 10], lines: [{ name: "a", values: [1, 2] }, { name: "b", values: [3, null] }] });
  });
  test("several measures are told apart", () => {
    expect(curvesOf({ _timeslice: [0], _count: [1], _avg: [2.5] }, [])?.lines.map((line) => line.name)).toEqual(["_count", "_avg"]);
  });
  test("without slices or numbers there is none", () => {
    expect(curvesOf({ host: ["a"], _count: [1] }, [])).toBeNull();
    expect(curvesOf({ _timeslice: [0], host: ["a"] }, [])).toBeNull();
    expect(curvesOf({ _timeslice: [], _count: [] }, [])).toBeNull();
  });
});
