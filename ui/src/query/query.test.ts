import { describe, expect, test } from "vitest";
import type { QueryRow } from "../api/types";
import { asCommand, asCurl, shellWord } from "./forms";
import { added, understood } from "./history";
import { drawn, guessedUnit, limitLine, seriesNames } from "./lines";
import { compare, labelNames, sortedPlaces, summary } from "./summary";

const row = (letter: string, times: number[], series: [Record<string, string>, (number | null)[]][], interval_s = 10): QueryRow => ({
  letter, interval_s, rollup: "avg", times, table: null, series: series.map(([labels, values]) => ({ labels, values })),
});

describe("names of lines", () => {
  test("what is the same everywhere is left out", () => {
    expect(seriesNames([{ host: "a", jvm: "shop" }, { host: "b", jvm: "shop" }])).toEqual(["a", "b"]);
  });
  test("a life is named by its pid only where it must be", () => {
    expect(seriesNames([{ host: "a", pid: 1 }, { host: "b", pid: 2 }])).toEqual(["a", "b"]);
    expect(seriesNames([{ host: "a", pid: 1 }, { host: "a", pid: 2 }])).toEqual(["1", "2"]);
  });
  test("a line alone has all its labels, or is all", () => {
    expect(seriesNames([{ host: "a", jvm: "shop", pid: 3 }])).toEqual(["a · shop"]);
    expect(seriesNames([{}])).toEqual(["all"]);
  });
  test("a group without the label is not nameless", () => {
    expect(seriesNames([{ host: "" }, { host: "a" }])).toEqual(["all", "a"]);
  });
  test("text that would turn the line around is written out", () => {
    expect(seriesNames([{ a: "x\u202ey" }, { a: "z" }])[0]).toBe("x\\u202ey");
  });
});

describe("rows as lines", () => {
  test("rows with the same times share them", () => {
    const answer = { rows: [row("A", [1, 2], [[{}, [1, 2]]]), row("B", [1, 2], [[{}, [3, 4]]])] };
    const { times, lines } = drawn(answer);
    expect(times).toEqual([1, 2]);
    expect(lines.map((line) => [line.label, line.values])).toEqual([["#A all", [1, 2]], ["#B all", [3, 4]]]);
  });
  test("rows with other times get one column of all of them", () => {
    const answer = { rows: [row("A", [0, 10], [[{}, [1, 2]]]), row("B", [0, 20], [[{}, [3, 4]]], 20)] };
    const { times, lines, interval } = drawn(answer);
    expect(times).toEqual([0, 10, 20]);
    expect(lines.map((line) => line.values)).toEqual([[1, 2, null], [3, null, 4]]);
    expect(interval).toBe(20_000);
  });
  test("a hidden row keeps its letter away from the others", () => {
    const answer = { rows: [row("A", [0], [[{}, [1]]]), row("B", [0], [[{}, [3]]])] };
    expect(drawn(answer, new Set(["A"])).lines.map((line) => line.label)).toEqual(["#B all"]);
    expect(drawn({ rows: [] })).toEqual({ times: [], lines: [], interval: 0 });
  });
  test("a limit is drawn where there is something to draw", () => {
    expect(limitLine([1, 2], 7, "limit")[0]?.values).toEqual([7, 7]);
    expect(limitLine([], 7, "limit")).toEqual([]);
    expect(limitLine([1], null, "limit")).toEqual([]);
  });
});

test.each([
  ["memleak3.size.** | sum", "bytes"],
  ["metric=heap.instances | sum by class", "count"],
  ["#A metric=heap.bytes | sum\n#B metric=jvm.heap.max\n#A / #B", "number"],
  ["metric=jvm.gc.load", "ratio"],
  ["metric=heapwatch.pause_ms", "ms"],
  ["metric=heap.bytes | count by host", "number"],
])("the unit of %s is %s", (query, unit) => expect(guessedUnit(query)).toBe(unit));

describe("a table of an answer", () => {
  const answer = { rows: [row("A", [1, 2, 3], [[{ host: "a", jvm: "s" }, [1, null, 5]], [{ host: "b", jvm: "s" }, [null, null, null]]])] };
  test("each series has its ends, mean and extremes", () => {
    const [one, none] = summary(answer);
    expect(one).toMatchObject({ first: 1, last: 5, average: 3, smallest: 1, largest: 5, change: 4, points: 2 });
    expect(none).toMatchObject({ last: null, average: null, change: null, points: 0 });
    expect(labelNames(summary(answer))).toEqual(["host"]);
  });
  test("numbers sort as numbers and gaps come last either way", () => {
    const columns = { n: [10, null, 9], t: ["b10", "b9", ""] };
    expect(sortedPlaces(columns, "n", "asc")).toEqual([2, 0, 1]);
    expect(sortedPlaces(columns, "n", "desc")).toEqual([0, 2, 1]);
    expect(sortedPlaces(columns, "t", "asc")).toEqual([1, 0, 2]);
    expect(sortedPlaces(columns, "", "asc")).toEqual([0, 1, 2]);
    expect(compare("a", "b", "desc")).toBeGreaterThan(0);
  });
});

describe("a query elsewhere", () => {
  const hour = { kind: "relative", span: 3_600_000 } as const;
  test("a shell gets it as one word", () => {
    expect(shellWord("it's $HOME")).toBe("'it'\\''s $HOME'");
    expect(shellWord("web1")).toBe("web1");
    expect(asCommand("a='b' | sum", "metrics", hour, "15s", "http://127.0.0.1:7077")).toBe("heapwatch query 'a='\\''b'\\'' | sum' --from -1h --interval 15s");
  });
  test("an absolute range is written out, logs have a command of their own", () => {
    expect(asCommand("error", "logs", { kind: "absolute", from: 0, to: 60_000 }, "15s", "https://h:1")).toBe(
      "heapwatch logs error --from 1970-01-01T00:00:00.000Z --to 1970-01-01T00:01:00.000Z --server https://h:1");
  });
  test("curl has the same question and no token in it", () => {
    const text = asCurl("m='x'", "metrics", hour, "", "http://h:1", true);
    expect(text).toContain("http://h:1/api/v1/query");
    expect(text).toContain("$HEAPWATCH_TOKEN");
    expect(text).toContain(`-d '{"query":"m='\\''x'\\''","from":"-1h","to":"now"}'`);
  });
});

describe("history", () => {
  test("a query that is run again comes first and is there once", () => {
    const list = added(added([{ query: "a", lang: "metrics", at: 1 }], { query: "b", lang: "metrics", at: 2 }), { query: "a", lang: "metrics", at: 3 });
    expect(list.map((one) => one.query)).toEqual(["a", "b"]);
    expect(added(list, { query: "a", lang: "logs", at: 4 })).toHaveLength(3);
  });
  test("it does not grow without end, and what is not ours is ignored", () => {
    let list: ReturnType<typeof understood> = [];
    for (let at = 0; at < 300; at++) list = added(list, { query: `q${at}`, lang: "logs", at });
    expect(list).toHaveLength(100);
    expect(understood('[1, {"query": 5}, {"query":"a","lang":"metrics","at":1}]')).toHaveLength(1);
    expect(understood("{")).toEqual([]);
    expect(understood("3")).toEqual([]);
    expect(understood(null)).toEqual([]);
  });
});
