/**
 * Counts of log messages behind a curve: columns in the lowest part of the plot, on a scale of their own, so that
 * they say when and not hide how much. What they count is written in the legend and beside the pointer.
 */
import type uPlot from "uplot";
import type { Theme } from "../lib/view";
import { largest, type Column } from "./columns";
import { INK, faded } from "./palette";

export interface Behind {
  readonly label: string;
  readonly times: readonly number[];
  readonly values: Column;
  /** ms that each count covers, from its time on. */
  readonly step: number;
}

const PART = 0.3; // of the plot's height

/** The count of the bucket that this moment is in; null outside of what was counted. */
export function countAt({ times, values, step }: Behind, time: number): number | null {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((times[middle] ?? Infinity) <= time) low = middle;
    else high = middle - 1;
  }
  const start = times[low];
  return start === undefined || time < start || time >= start + step ? null : (values[low] ?? 0);
}

export const total = ({ values }: Behind): number => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

export function drawBehind(plot: uPlot, behind: Behind | null, theme: Theme): void {
  const most = behind ? largest(behind.values) : null;
  if (!behind || !most) return;
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = faded(INK[theme].muted, 0.38);
  behind.times.forEach((time, index) => {
    const value = behind.values[index];
    if (!value) return;
    const x = plot.valToPos(time, "x", true);
    const end = plot.valToPos(time + behind.step, "x", true);
    const tall = Math.max(2, (value / most) * height * PART);
    ctx.fillRect(x, top + height - tall, Math.max(1, end - x - 1), tall);
  });
  ctx.restore();
}
