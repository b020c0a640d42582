import { describe, expect, it } from "vitest";
import type { Leak } from "../../api/types";
import { leak } from "../../leaks/example";
import { numbersOf, writeNumber } from "./evidence";
import { reportName } from "./report";
import { groupOf, shownLeaks, sortedLeaks, tally } from "./list";

const end = (in_s: number) => ({ resource: "heap", host: "h1", in_s, between_s: [in_s, null] as const, limit: 1, level: 1, slope_per_s: 1 });

describe("the list", () => {
  const leaks: Leak[] = [
    leak({ id: "late", exhaustion: end(9000), class: "b.B" }), leak({ id: "never", class: "a.A" }), leak({ id: "soon", exhaustion: end(60), class: "c.C" }),
    leak({ id: "done", state: "fixed" }), leak({ id: "known", acknowledged: { by: "ana", at: 1, note: "" } }),
  ];
  it("has first what ends first, and last what has no end, whichever way it is sorted", () => {
    expect(sortedLeaks(leaks.slice(0, 3), { key: "full_in", order: "asc" }).map((one) => one.id)).toEqual(["soon", "late", "never"]);
    expect(sortedLeaks(leaks.slice(0, 3), { key: "full_in", order: "desc" }).map((one) => one.id)).toEqual(["late", "soon", "never"]);
    expect(sortedLeaks(leaks.slice(0, 3), { key: "class", order: "asc" }).map((one) => one.id)).toEqual(["never", "late", "soon"]);
  });
  it("shows the open ones unless the address says otherwise", () => {
    expect(groupOf(new URLSearchParams())).toBe("open");
    expect(groupOf(new URLSearchParams("state=nonsense"))).toBe("open");
    expect(shownLeaks(leaks, "open", "", { key: "class", order: "asc" }).map((one) => one.id)).toEqual(["never", "late", "soon"]);
    expect(shownLeaks(leaks, "all", "c.C", { key: "class", order: "asc" }).map((one) => one.id)).toEqual(["soon"]);
    expect(tally(leaks)).toMatchObject({ open: 3, acknowledged: 1, fixed: 1, stopped: 0, all: 5, confirmed: 4 });
  });
});

describe("the report", () => {
  it("has a name that any file system takes", () => {
    expect(reportName(leak({ class: "com.acme.Outer$Inner[]" }))).toBe("heapwatch-leak-Outer-Inner.html");
    expect(reportName(leak({ class: "", kind: "metaspace" }))).toBe("heapwatch-leak-metaspace.html");
  });
});

describe("evidence", () => {
  it("shows the numbers of a claim wherever they stand, and none that the text has", () => {
    const claim = { text: "confirmed by an old collection", query: "", numbers: { state: "confirmed", by: "old collection", at: null }, grown: 106_000, leaking: ["h1"], versions: {} };
    expect(numbersOf(claim)).toEqual([["grown", 106_000], ["leaking", ["h1"]]]);
  });
  it("writes them as what they are", () => {
    expect(writeNumber("grown", 106_000)).toBe("106 k");
    expect(writeNumber("rate_per_s", [35.46, 35.68, 35.89])).toBe("35.5 – 35.7 – 35.9");
    expect(writeNumber("level", 2 ** 20)).toBe("1 MiB");
    expect(writeNumber("slope_per_s", 2048)).toBe("2 KiB/s");
    expect(writeNumber("level", 412, true)).toBe("412");
    expect(writeNumber("earliest", 1_795_377_058.7)).toMatch(/^2026-11-2\d \d\d:\d\d:\d\d$/);
    expect(writeNumber("leaking", ["h1", "h2"])).toBe("h1, h2");
    expect(writeNumber("versions", { "1.0": ["h1"], "1.1": ["h2"] })).toBe("1.0 h1, 1.1 h2");
  });
});
