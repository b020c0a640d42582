import { describe, expect, it } from "vitest";
import { readCustom } from "../pages/shell/rangepicker";
import { DEFAULT, PRESETS, parseInstant, parseSpan, readRange, resolve, sameRange, writeRange, writeSpan, type Range } from "./range";

const inUrl = (range: Range) => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(writeRange(range))) if (value !== null) query.set(name, value);
  return query;
};

describe("a range in the address", () => {
  it("is the last hour when nothing is said", () => expect(readRange(new URLSearchParams())).toEqual(DEFAULT));
  it.each(PRESETS.map(({ text }) => text))("%s survives being written and read", (text) => {
    const range: Range = { kind: "relative", span: parseSpan(text) ?? 0 };
    expect(readRange(inUrl(range))).toEqual(range);
    expect(writeSpan(range.span)).toBe(text);
  });
  it("survives as a fixed one, to the millisecond", () => {
    const range: Range = { kind: "absolute", from: 1_795_341_600_123, to: 1_795_345_200_456 };
    expect(readRange(inUrl(range))).toEqual(range);
  });
  it.each(["from=yesterday", "from=-0m", "from=2026-11-22T12:00:00Z&to=2026-11-22T11:00:00Z", "from=2026-11-22T12:00:00Z", "to=now"])(
    "falls back to the last hour for %s", (text) => expect(readRange(new URLSearchParams(text))).toEqual(DEFAULT));
  it("moves with the clock when relative and stands when fixed", () => {
    expect(resolve({ kind: "relative", span: 60_000 }, 100_000)).toEqual({ from: 40_000, to: 100_000 });
    expect(resolve({ kind: "absolute", from: 1, to: 2 }, 100_000)).toEqual({ from: 1, to: 2 });
    expect(sameRange(DEFAULT, { kind: "absolute", from: 1, to: 2 })).toBe(false);
  });
});

describe("what people type as a time", () => {
  it("may be epoch seconds, epoch milliseconds, RFC 3339 or local", () => {
    expect(parseInstant("1795345200")).toBe(1_795_345_200_000);
    expect(parseInstant("1795345200123")).toBe(1_795_345_200_123);
    expect(parseInstant("2026-11-22T11:00:00Z")).toBe(1_795_345_200_000);
    expect(parseInstant("2026-11-22 12:30")).toBe(new Date(2026, 10, 22, 12, 30).getTime());
    expect(parseInstant("2026-11-22")).toBe(new Date(2026, 10, 22).getTime());
    expect(parseInstant("soon")).toBeNull();
    expect(parseInstant("2026-13-40")).toBeNull();
  });
  it("gives a range or the sentence that says what is wrong", () => {
    expect(readCustom("-90m", "now", 0)).toEqual({ kind: "relative", span: 5_400_000 });
    expect(readCustom("-2h", "-1h", 10_000_000)).toEqual({ kind: "absolute", from: 2_800_000, to: 6_400_000 });
    expect(readCustom("whenever", "now", 0)).toBe("“whenever” is not a time.");
    expect(readCustom("2026-11-22 12:00", "2026-11-22 11:00", 0)).toMatch(/at least 10 seconds after/);
  });
});
