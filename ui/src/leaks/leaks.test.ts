import { describe, expect, it } from "vitest";
import { familyOf, ratioText } from "./family";
import { leak } from "./example";
import { onsetMark, spanToShow } from "./onset";
import { meaning } from "./proof";
import { companions, ends, fullBetween, fullIn, inFamily, isIn, named, ofLoad, pace, paceBetween, plusMinus, reasons, share, where } from "./words";

describe("a leak in few words", () => {
  it("says on how many of the hosts that were judged", () => {
    expect(where(leak())).toBe("on 2 of 3 hosts");
    expect(where(leak({ hosts: ["h1"], clean: [] }))).toBe("on h1");
    expect(where(leak({ hosts: [], clean: [] }))).toBe("on no host now");
  });
  it("counts companions without the root", () => expect(companions(leak())).toBe(2));
  it("tells rates in the unit in which they can be read", () => {
    expect([pace(41), pace(0.4), pace(0.04), pace(0.0005), pace(0), pace(null)]).toEqual(["41/s", "0.4/s", "2.4/min", "1.8/h", "0/s", "–"]);
    expect(pace(-0.02)).toBe("−1.2/min");
    expect(paceBetween([39, 43])).toBe("39 to 43/s");
    expect(paceBetween([-0.004, 0.003])).toBe("−0.24 to 0.18/min");
    expect([pace(0.00098, 94), paceBetween([-0.0105, 0.0124], 94)]).toEqual(["0/s", "−0.01 to 0.01/s"]);
    expect(paceBetween([2, null])).toBe("at least 2/s");
  });
  it("gives a forecast its interval, open where it never ends", () => {
    expect(fullIn(7500)).toBe("2 h 5 m");
    expect(fullIn(-3)).toBe("now");
    expect([fullIn(null), fullIn(1.1e9)]).toEqual(["–", "over a year"]);
    expect(fullBetween([6600, 9600])).toBe("1 h 50 m to 2 h 40 m");
    expect(fullBetween([6600, null])).toBe("at least 1 h 50 m");
    expect([ends({ resource: "heap" }), ends({ resource: "disk" })]).toEqual(["heap full", "disk used up"]);
  });
  it("halves the interval of the onset", () => expect(plusMinus([500, 9500])).toBe("± 4.5 s"));
  it("keeps two digits of a balance", () => expect([share(0), share(1.0051), share(null)]).toEqual(["0.00", "1.01", "–"]));
  it("finds what is said of load", () => expect(ofLoad(leak())).toContain("load explains none"));
});

describe("lists of leaks", () => {
  it("keep what was acknowledged away from what waits for somebody", () => {
    const seen = leak({ acknowledged: { by: "ana", at: 1, note: "" } });
    expect([isIn(leak(), "open"), isIn(seen, "open"), isIn(seen, "acknowledged"), isIn(seen, "confirmed")]).toEqual([true, false, true, true]);
    expect([isIn(leak({ state: "fixed" }), "open"), isIn(leak({ state: "fixed" }), "fixed"), isIn(leak({ state: "stopped" }), "all")]).toEqual([false, true, true]);
  });
  it("are narrowed by every word, with a label's name or without", () => {
    expect([named(leak(), "story h2"), named(leak(), "service=story"), named(leak(), "ActorCell"), named(leak(), "story h9")]).toEqual([true, true, true, false]);
  });
  it("put reasons together that differ in their numbers", () => {
    const verdict = (host: string, reason: string, name = "undecided") => ({ host, jvm: "app", verdict: name, reason });
    const found = reasons([verdict("h1", "8 histograms, 40 are needed"), verdict("h2", "31 histograms, 40 are needed"), verdict("h3", "", ""), verdict("h4", "", "clean")]);
    expect(found.map((one) => [one.who.length, one.reason])).toEqual([[2, "8 histograms, 40 are needed"], [1, "not looked at yet"]]);
    expect(found[0]?.who).toEqual(["h1 app", "h2 app"]);
  });
});

describe("families", () => {
  it("begin with the root and what comes one to one", () => {
    expect(familyOf(leak()).map((one) => [one.name, one.equal])).toEqual([["memleak.Child", false], ["akka.actor.ActorCell", true], ["byte[]", false]]);
    expect(ratioText(7.997)).toBe("× 8");
    expect([inFamily(leak(), "byte[]"), inFamily(leak(), "char[]")]).toEqual([true, false]);
  });
});

describe("the onset", () => {
  it("is a mark with its uncertainty, and a range that shows it", () => {
    expect(onsetMark(leak())).toEqual([{ time: 1000, kind: "leak_begins", text: "± 1 s" }]);
    expect(spanToShow(0, 3_600_000)).toEqual({ kind: "relative", span: 72 * 60_000 });
    expect(spanToShow(0, 1000)).toEqual({ kind: "relative", span: 300_000 });
  });
});

describe("a proof in plain words", () => {
  const proof = (verdict: string, more: object = {}) => meaning({ verdict, residual: 0.083, more_samples: 0, why: "", ...more });
  it("says what it means for whoever wants to close the matter", () => {
    expect(proof("fixed")).toMatch(/does not grow any more/);
    expect(proof("reduced")).toBe("Much less than before, but it still leaks: 8.3 % is left.");
    expect(proof("partly fixed", { residual: null })).toBe("Only a part is fixed.");
    expect(proof("not fixed")).toBe("It grows as before.");
  });
  it("says what is missing", () => {
    expect(proof("not enough data", { more_samples: 9 })).toBe("9 more histograms after the change are needed.");
    expect(proof("not enough data", { why: "the class was not seen after the change" })).toBe("The class was not seen after the change.");
  });
});
