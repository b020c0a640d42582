import { describe, expect, it } from "vitest";
import { BYTE_STEPS, timeTicks, top } from "./axis";
import { bridged, longestStep, nearest, perMs, rises, sinceReset, slope, stacked, type Value } from "./columns";
import { heights, toData, type PlotProps } from "./plot";
import { grouped } from "./overlay";
import { pathOf } from "./sparkline";
import { heat, placed } from "./treemap";

const every = (step: number, length: number) => Array.from({ length }, (_, index) => index * step);

describe("gaps", () => {
  it("are silences longer than a sampler's usual ones", () => {
    const times = every(10, 12);
    const sparse: Value[] = [1, null, null, 2, null, null, 3, null, null, null, null, null];
    expect(longestStep(times, sparse, 10)).toBe(75);
    expect(bridged(times, [0, null, 2, null, null, null, null, null, 8], 25)).toEqual([0, 1, 2, null, null, null, null, null, 8]);
  });
  it("never begin or end a curve with what was not measured", () => expect(bridged(every(10, 4), [null, 5, null, null], 100)).toEqual([null, 5, null, null]));
  it("lift the pen of a sparkline", () => {
    expect(pathOf([0, 1, 2, 3], [1, 2, null, 4], (x) => x, (y) => y)).toBe("M0.0 1.0L1.0 2.0M3.0 4.0");
  });
  it("are looked over by the cursor within reach only", () => {
    const times = every(10, 6);
    expect(nearest(times, [1, null, null, null, null, 2], 2, 25)).toBe(0);
    expect(nearest(times, [1, null, null, null, null, 2], 4, 25)).toBe(5);
    expect(nearest(times, [1, null, null, null, null, null], 5, 25)).toBeNull();
  });
});

describe("stacks", () => {
  it("add up from the bottom, a missing layer counting nothing", () => {
    expect(stacked([[1, 2, null], [10, null, null]])).toEqual([[1, 2, null], [11, 2, null]]);
  });
  it("leave limits out of the sum, and below the top of the axis", () => {
    const line = (key: string, values: Value[], limit = false) => ({ key, label: key, values, slot: 0, limit });
    const props = { times: [0, 10], lines: [line("a", [1, 2]), line("b", [3, 4]), line("max", [100, 100], true)], stack: true, interval: 10 } as unknown as PlotProps;
    const data = toData(props);
    expect(data.slice(1)).toEqual([[1, 2], [4, 6], [100, 100]]);
    expect(heights(props, data)).toEqual({ most: 6, limit: null }); // far above: named beside the chart
    const nearer = { ...props, lines: [...props.lines, line("warning", [20, 20], true), line("critical", [30, 30], true)] };
    expect(heights(nearer, toData(nearer))).toEqual({ most: 6, limit: 30 });
  });
});

describe("rates", () => {
  it("come from counters, and a reset is no negative rate", () => {
    expect(perMs([0, 10, 20, 30], [100, 200, 50, 60])).toEqual([null, 10, null, 1]);
    expect(perMs([0, 10, 20], [5, null, 25])).toEqual([null, null, 1]);
  });
  it("are slopes of the least squares", () => {
    expect(slope([0, 1, 2, 3], [1, 3, 5, 7])).toBeCloseTo(2);
    expect(slope([0, 1], [1, 2])).toBeNull();
  });
  it("tell a leak that goes on from one that was fixed", () => {
    const times = every(60_000, 60);
    expect(rises(times, times.map((_, index) => 100 + index))).toBe(true);
    expect(rises(times, times.map((_, index) => 100 + Math.min(index, 38)))).toBe(false);
    expect(rises(times, times.map(() => null))).toBe(false);
  });
  it("begin anew with a JVM that was started again", () => {
    const times = every(60_000, 60);
    const restarted = times.map((_, index) => (index < 50 ? 100 + index * 10 : (index - 49) * 10));
    expect(slope(times, sinceReset(restarted))).toBeCloseTo(10 / 60_000);
    expect(rises(times, sinceReset(restarted))).toBe(true);
    expect(sinceReset([5, 4, 6, null, 3])).toEqual([5, 4, 6, null, 3]);
  });
});

describe("axes", () => {
  it("step in binary units", () => expect(BYTE_STEPS).toContain(256 * 1024 * 1024));
  it("make room for a limit that is near and not for one that is far", () => {
    expect(top(500, 800)).toBeCloseTo(832);
    expect(top(100, 800)).toBeCloseTo(108);
    expect(top(null, null)).toBe(1);
  });
  it("name the day where it begins", () => {
    const midnight = new Date(2026, 10, 22).getTime();
    expect(timeTicks([midnight - 3_600_000, midnight], 3_600_000)).toEqual(["23:00", "22 Nov"]);
    expect(timeTicks([midnight + 5000], 5000)).toEqual(["00:00:05"]);
  });
});

it("events too near to each other share a mark, named after the worst", () => {
  const at = (time: number, kind: string) => ({ time, kind, text: kind });
  const marks = grouped([at(103, "restart"), at(100, "oom"), at(300, "deploy"), at(9999, "start")], (time) => time, 500);
  expect(marks.map((mark) => [mark.left, mark.kind])).toEqual([[100, "oom"], [300, "deploy"]]);
  expect(marks[0]?.text.split("\n")).toHaveLength(2);
});

describe("a treemap", () => {
  const area = (key: string, bytes: number, delta: number | null = 0) => ({ key, name: key, bytes, delta, note: "" });
  it("gives areas by size and puts the smallest together", () => {
    const many = Array.from({ length: 300 }, (_, index) => area(`p${index}`, index + 1));
    const boxes = placed(many, 1000, 400);
    expect(boxes).toHaveLength(241);
    expect(boxes.some((box) => box.name === "60 smaller")).toBe(true);
    for (const box of boxes) expect(box.left + box.width).toBeLessThanOrEqual(1000);
  });
  it("colours by change against size", () => {
    expect([area("a", 100, 0), area("a", 100, 60), area("a", 100, -5), area("a", 100, null)].map(heat)).toEqual([0, 4, -2, 0]);
  });
});
