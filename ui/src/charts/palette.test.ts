import { describe, expect, it } from "vitest";
import styles from "../styles/charts.css?raw";
import { INK, DASHES, color, dash } from "./palette";

type Rgb = readonly [number, number, number];

const linear = (channel: number) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4);
const rgb = (hex: string): Rgb => [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255)) as unknown as Rgb;
const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
function contrast(a: string, b: string): number {
  const [dark, bright] = [luminance(rgb(a)), luminance(rgb(b))].sort((x, y) => x - y) as [number, number];
  return (bright + 0.05) / (dark + 0.05);
}

/** Machado, Oliveira and Fernandes 2009, full strength. */
const VISION: Readonly<Record<string, readonly Rgb[]>> = {
  usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const seen = (hex: string, matrix: readonly Rgb[]) => matrix.map((row) => Math.min(1, Math.max(0, row.reduce((sum, factor, i) => sum + factor * (rgb(hex)[i] ?? 0), 0)))) as unknown as Rgb;

function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
function apart(a: string, b: string, matrix: readonly Rgb[]): number {
  const [one, other] = [oklab(seen(a, matrix)), oklab(seen(b, matrix))];
  return Math.hypot(...one.map((value, i) => value - (other[i] ?? 0)));
}

describe.each(["light", "dark"] as const)("the %s palette", (theme) => {
  const { series, surface, muted, text, limit, warn, other } = INK[theme];
  it("can be seen on its surface", () => {
    for (const one of [...series, other, limit, warn]) expect(contrast(one, surface), one).toBeGreaterThanOrEqual(3);
    for (const one of [muted, text]) expect(contrast(one, surface), one).toBeGreaterThanOrEqual(4.5);
  });
  it.each(Object.keys(VISION))("stays apart in %s vision", (vision) => {
    const matrix = VISION[vision] as readonly Rgb[];
    const least = vision === "tritan" ? 0.7 : 1; // tritan vision is rare, and the scale is stricter for it
    series.forEach((one, i) => {
      for (const [k, earlier] of series.slice(0, i).entries()) {
        const wanted = i < 6 || i - k === 1 ? 0.1 : 0.069;
        expect(apart(one, earlier, matrix), `${one} ${earlier}`).toBeGreaterThanOrEqual(wanted * least);
      }
    });
  });
});

it("lines next to each other differ by dash as well", () => {
  expect(new Set(DASHES.map((pattern) => pattern.join(" "))).size).toBe(DASHES.length);
  expect(dash(0)).not.toEqual(dash(1));
  expect(color("light", -1)).toBe(INK.light.other);
});

it.each(["light", "dark"])("text can be read on every colour of change, %s", (theme) => {
  const dark = theme === "dark";
  const rules = [...styles.matchAll(/^(:root\[data-theme="dark"\] )?\[data-heat[^\]]*\] \{ --heat: (#\w{6});(?: --heat-text: (#\w{6});)?/gm)].filter((rule) => Boolean(rule[1]) === dark);
  const ink = rules[0]?.[3] as string;
  expect(rules).toHaveLength(9);
  for (const rule of rules) expect(contrast(rule[2] as string, ink), rule[0]).toBeGreaterThanOrEqual(4.5);
});
