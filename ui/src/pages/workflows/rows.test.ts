import { expect, test } from "vitest";
import { began, block, labelsOf, leave, left, said, STATES, took, underWay, written } from "./rows";

test("four states are under way, all others are ends", () => {
  expect(STATES.filter(underWay)).toEqual(["queued", "delayed", "running", "waiting_approval"]);
  expect(said("waiting_approval")).toBe("waits for approval");
  expect(said("unknown")).toContain("interrupted");
  expect(said("some_new")).toBe("some new");
});

test("what began a run is said with what is known of it", () => {
  expect(began({ kind: "monitor", monitor: "heap", state: "critical", time: 1, value: 2, query: "q", text: "2 is above 1" })).toBe("monitor: heap, critical, 2 is above 1");
  expect(began({ kind: "manual", by: "" })).toBe("by hand");
  expect(began({ kind: "webhook", time: 1, body: { labels: {} } })).toBe("webhook");
  expect(leave("approval")).not.toBe(leave("allowed"));
});

test("time to answer goes down by seconds, and ends", () => {
  expect(left(61_500, 1000)).toBe("1 m 1 s left");
  expect(left(1000, 1000)).toBe("over");
  expect(left(null, 1000)).toBe("without end");
});

test("what is not over takes until now", () => {
  expect([took(1000, 3500, 9000), took(1000, null, 9000), took(1000, null, 500), took(null, null, 9000)]).toEqual([2500, 8000, 0, null]);
});

test("labels are pairs, one a line", () => {
  expect(labelsOf(" host = web1\n\nquery=a=b\nempty=\n")).toEqual({ host: "web1", query: "a=b", empty: "" });
  expect(labelsOf("")).toEqual({});
  expect(labelsOf("host web1")).toBeNull();
  expect(labelsOf("=web1")).toBeNull();
});

test("outputs keep their lines, and nothing that rearranges them", () => {
  expect(written({ exit: 0, text: "a\n\tb\u202e" })).toBe("exit: 0\ntext: \na\n    b\\u202e");
  expect(block("x".repeat(20_005))).toMatch(/x\n… and 5 more characters$/);
});
