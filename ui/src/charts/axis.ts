/** Where ticks stand and what they say: 24-hour local time, binary steps for bytes. */
import { clock, day, duration } from "../lib/format";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Steps of a byte axis: 1, 2, 4 … of each binary unit, so that ticks read 256 MiB and not 238.4 MiB. */
export const BYTE_STEPS: number[] = Array.from({ length: 56 }, (_, power) => 2 ** power);

/** Steps of an axis that counts from a start: seconds to weeks as people count them. */
export const ELAPSED_STEPS: number[] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800].map((step) => step * 1000);

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

function dayName(ms: number): string {
  const at = new Date(ms);
  return `${at.getDate()} ${MONTHS[at.getMonth()]}`;
}

/** `14:03`, `14:03:30` for fine steps, `22 Nov` where a day begins. */
export function timeTicks(splits: readonly number[], step: number): string[] {
  return splits.map((time) => {
    const text = clock(time);
    if (step >= DAY || (text === "00:00:00" && step >= MINUTE)) return dayName(time);
    return step < MINUTE ? text : text.slice(0, 5);
  });
}

/** The top of a y axis: room for the data, and for the limit when the data comes anywhere near it. */
export function top(most: number | null, limit: number | null): number {
  const data = most ?? 0;
  if (limit !== null && limitFits(data, limit)) return Math.max(data, limit) * 1.04;
  return data > 0 ? data * 1.08 : 1;
}

/** A limit far above the data would press the curve flat; it is named beside the chart instead. */
export const limitFits = (most: number, limit: number): boolean => most >= limit / 5;

/** `14:03:09` within one day, with the date over longer spans; `12 m 3 s` where times count from a start. */
export function cursorTime(ms: number, from: number, to: number, elapsed = false): string {
  if (elapsed) return duration(ms);
  return day(from) === day(to) ? clock(ms) : `${day(ms)} ${clock(ms)}`;
}
