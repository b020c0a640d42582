import { describe, expect, it } from "vitest";
import { ago, bytes, count, duration, exact, moment, parseBytes, rate, ratio, signed, utc, writer } from "./format";

describe("sizes", () => {
  it.each([
    [0, "0 B"], [1023, "1023 B"], [1024, "1 KiB"], [13_002_752, "12.4 MiB"], [1_048_575, "1 MiB"], [838_860_800, "800 MiB"],
    [5.2 * 1024 ** 3, "5.2 GiB"], [-2048, "−2 KiB"], [null, "–"], [Number.NaN, "–"],
  ])("%s bytes read %s", (value, text) => expect(bytes(value)).toBe(text));

  it("are read back from what people type", () => {
    expect(parseBytes("100 MiB")).toBe(104_857_600);
    expect(parseBytes("1.5g")).toBe(1.5 * 1024 ** 3);
    expect(parseBytes("4096")).toBe(4096);
    expect(parseBytes("lots")).toBeNull();
  });
});

describe("counts and changes", () => {
  it("use thousands", () => {
    expect(count(842)).toBe("842");
    expect(count(1_234_567)).toBe("1.23 M");
    expect(count(999_999)).toBe("1 M");
  });
  it("say their direction", () => {
    expect(signed(348_160, bytes)).toBe("+340 KiB");
    expect(signed(-3, count)).toBe("−3");
    expect(signed(0, bytes)).toBe("0");
    expect(rate(348_160)).toBe("+340 KiB/min");
    expect(rate(null)).toBe("–");
  });
  it("keep every digit on hover", () => expect(exact(13_002_752, "bytes")).toBe("13,002,752 bytes"));
  it("write small shares without rounding them to nothing", () => {
    expect(ratio(0.042)).toBe("4.2 %");
    expect(ratio(0.00031)).toBe("0.03 %");
    expect(ratio(0.00001)).toBe("<0.01 %");
    expect(ratio(0)).toBe("0 %");
    expect(ratio(1)).toBe("100 %");
    expect(ratio(0.5)).toBe("50 %");
    expect(ratio(1.42)).toBe("142 %");
  });
});

describe("times", () => {
  it.each([[8.25, "8.25 ms"], [130, "130 ms"], [3200, "3.2 s"], [59_960, "1 m"], [192_000, "3 m 12 s"], [18_120_000, "5 h 2 m"], [86_400_000, "1 d"]])(
    "%s ms last %s", (value, text) => expect(duration(value)).toBe(text));
  it("age in one unit", () => {
    expect(ago(1_000_000, 1_000_900)).toBe("now");
    expect(ago(0, 12_700)).toBe("12 s ago");
    expect(ago(0, 200_000)).toBe("3 m ago");
    expect(ago(null, 5)).toBe("never");
    expect(ago(2000, 1000)).toBe("now");
  });
  it("leave today's date out and give UTC on hover", () => {
    const noon = new Date(2026, 10, 22, 12, 3, 9).getTime();
    expect(moment(noon, noon)).toBe("12:03:09");
    expect(moment(noon, noon + 86_400_000)).toBe("2026-11-22 12:03:09");
    expect(utc(1_795_348_989_000)).toBe("2026-11-22 12:03:09 UTC");
  });
});

it("every unit has a writer that survives missing values", () => {
  for (const unit of ["bytes", "count", "ratio", "ms", "perMinute", "number"] as const) expect(writer(unit)(null)).toBe("–");
});
