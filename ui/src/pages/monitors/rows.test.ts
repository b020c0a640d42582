import { expect, test } from "vitest";
import { asLines, askedOf, firedOf, lasting, limitsOf, local, marksOf, spokenOf, stripOf } from "./rows";

const change = (time: number, before: string, after: string, level = after, was_level = before) => ({ time, before, after, labels: { host: "web1" }, monitor: "heap", kind: "query", value: 1, text: "95 is above 90", query: "", level, was_level, silenced: "" });

test("a group's changes fill the whole range", () => {
  const [line] = stripOf([change(175, "critical", "ok"), change(125, "ok", "critical")], 100, 200);
  expect(line?.parts).toEqual([{ x: 0, width: 250, state: "ok" }, { x: 250, width: 500, state: "critical" }, { x: 750, width: 250, state: "ok" }]);
  expect(line && spokenOf(line)).toBe("ok, critical, ok");
});

test("a group that did not change is what it is all the time, if it was that before", () => {
  const groups = [{ labels: { host: "web1" }, state: "ok", since: 175 }, { labels: { host: "web2" }, state: "no_data", since: 50 }, { labels: { host: "web3" }, state: "ok", since: 150 }];
  const lines = stripOf([{ ...change(175, "critical", "ok"), labels: { team: "shop", host: "web1" } }], 100, 200, groups, { team: "shop" });
  expect(lines.map((line) => [line.labels["host"], spokenOf(line)])).toEqual([["web1", "critical, ok"], ["web2", "no data"]]);
});

test("marks are where somebody is told, not the way there", () => {
  const rows = [change(4, "recovering", "ok", "ok", "critical"), change(3, "critical", "recovering", "critical", "critical"), change(2, "pending", "critical", "critical", "ok"), change(1, "ok", "pending", "ok", "ok")];
  expect(marksOf(rows).map((mark) => [mark.time, mark.kind])).toEqual([[4, "ok"], [2, "critical"]]);
  expect(firedOf(rows)).toEqual([{ time: 2, kind: "would_fire", text: "critical, web1: 95 is above 90" }]);
  expect(marksOf([change(5, "critical", "no_data", "critical", "critical")])[0]?.kind).toBe("no_data");
});

test("bounds are lines, each until where it is right again; only those that are values of the query", () => {
  const settings = { query: "#A: metric=a\n#B: metric=b", row: "A", warning: { above: 80, until: 75 }, critical: { above: 90 } };
  expect(limitsOf({ kind: "query", settings }).map(({ label, tone }) => [label, tone])).toEqual([["critical above 90", "worst"], ["warning above 80", "warning"], ["no more warning at 75", "right"]]);
  expect(limitsOf({ kind: "query", settings: { critical: { below: 0 } } })).toEqual([{ label: "critical below 0", height: 0, tone: "worst" }]);
  expect(limitsOf({ kind: "outlier", settings })).toEqual([]);
  expect(asLines(limitsOf({ kind: "query", settings }), [1, 2])[0]).toMatchObject({ values: [90, 90], limit: true });
  expect(askedOf({ kind: "query", settings })).toEqual({ lang: "metrics", query: settings.query, row: "A" });
  expect(askedOf({ kind: "log", settings: { query: "error" } })?.lang).toBe("logs");
  expect(askedOf({ kind: "leak", settings: {} })).toBeNull();
});

test("a silence lasts as long as one says, or until a time to come", () => {
  const now = new Date(2026, 10, 23, 14, 0).getTime();
  expect(lasting("4h", "", now)).toBe("4h");
  expect(lasting("until", local(now + 90 * 60_000), now)).toBe("5400s");
  expect(lasting("until", local(now - 60_000), now)).toBeNull();
  expect(lasting("until", "", now)).toBeNull();
});
