/**
 * Colours of data. Found by search: every one has a contrast of 3 or more against the surface it is drawn on, and
 * they stay apart for people with protan, deutan and tritan vision (palette.test.ts keeps both). Lines also differ
 * by dash, so no chart depends on colour alone.
 */
import type { Theme } from "../lib/view";

export interface Ink {
  readonly surface: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly limit: string;
  readonly warn: string;
  readonly other: string;
  readonly series: readonly string[];
}

export const INK: Readonly<Record<Theme, Ink>> = {
  light: {
    surface: "#ffffff",
    text: "#1b2330",
    muted: "#5b6676",
    grid: "#e9ecf1",
    limit: "#b3261e",
    warn: "#8a4b00",
    other: "#8a94a3",
    series: [
      "#215ba9", "#7d450e", "#3fa18e", "#9c73d0", "#af8e2f",
      "#a54666", "#1e2f54", "#35789e", "#6b7d29", "#722625",
    ],
  },
  dark: {
    surface: "#161b22",
    text: "#dde3ea",
    muted: "#98a3b1",
    grid: "#232a34",
    limit: "#ff8a80",
    warn: "#f0b55a",
    other: "#77828f",
    series: [
      "#407ad7", "#b1682c", "#42e6b8", "#d1a9fa", "#c6a034",
      "#e67d9e", "#d9e5fa", "#50a8c8", "#becd2b", "#c37669",
    ],
  },
};

export const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 4], [12, 4]];

export function color(theme: Theme, index: number): string {
  const { series, other } = INK[theme];
  return index < 0 ? other : (series[index % series.length] ?? other);
}

/** Bounds of one chart: where it is worst, where it begins to be wrong, and where it is right again. */
export type Tone = "worst" | "warning" | "right";

export const LIMIT_DASH: Readonly<Record<Tone, readonly number[]>> = { worst: [5, 4], warning: [9, 4], right: [2, 4] };

export function limitColor(theme: Theme, tone: Tone = "worst"): string {
  const { limit, warn, muted } = INK[theme];
  return { worst: limit, warning: warn, right: muted }[tone];
}

export function dash(index: number): readonly number[] {
  return index < 0 ? [] : (DASHES[index % DASHES.length] ?? []);
}

/** `#rrggbb` with an alpha between 0 and 1. */
export function faded(hex: string, alpha: number): string {
  return hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
}
