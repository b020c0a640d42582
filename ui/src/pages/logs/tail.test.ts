import { expect, test } from "vitest";
import { joined, parsedTail } from "./tail";

const event = (times: number[], texts: string[]) => JSON.stringify({ columns: { _time: times, _seq: times, _text: texts }, order: ["_time", "_text"] });

test("what came last stands first and only the newest are kept", () => {
  const first = parsedTail(event([1, 2], ["a", "b"]));
  const all = joined(parsedTail(event([3], ["c"])), joined(first, []));
  expect(all.map((row) => row.text)).toEqual(["c", "b", "a"]);
  expect(joined(first, all, 2).map((row) => row.text)).toEqual(["c", "b"]);
});

test("a message that comes twice is there once", () => {
  const rows = parsedTail(event([1], ["a"]));
  expect(joined(rows, rows)).toHaveLength(1);
});

test("what is no answer brings no message", () => {
  expect(["", "{", "null", "3", "{}"].flatMap(parsedTail)).toEqual([]);
});
