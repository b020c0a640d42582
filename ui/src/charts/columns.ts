/** Columns of numbers on their way to a chart: gaps, stacks, rates and slopes. Pure; null is "no sample". */

export type Value = number | null;
export type Column = readonly Value[];

/**
 * The longest silence that is still drawn as a line: a sampler that is asked every 30 s leaves empty 15 s buckets
 * between its samples, and that is no gap; two and a half of its usual steps are.
 */
export function longestStep(times: readonly number[], values: Column, interval: number): number {
  const known = steps.get(values);
  if (known?.times === times && known.interval === interval) return known.longest;
  const longest = measured(times, values, interval);
  steps.set(values, { times, interval, longest });
  return longest;
}

/** Asked for on every move of the pointer; columns never change once they are here. */
const steps = new WeakMap<Column, { times: readonly number[]; interval: number; longest: number }>();

function measured(times: readonly number[], values: Column, interval: number): number {
  const steps: number[] = [];
  let last: number | null = null;
  for (let i = 0; i < times.length; i++) {
    if (values[i] == null) continue;
    const time = times[i] ?? 0;
    if (last !== null) steps.push(time - last);
    last = time;
  }
  steps.sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? interval;
  return Math.max(2.5 * usual, 1.5 * interval);
}

/** Straight lines over silences that are no gaps, so that columns can be added up. */
export function bridged(times: readonly number[], values: Column, longest: number): Value[] {
  const result = values.slice();
  let last = -1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value == null) continue;
    const from = values[last];
    const start = times[last];
    const end = times[i];
    if (last >= 0 && i - last > 1 && from != null && start !== undefined && end !== undefined && end - start <= longest) {
      for (let k = last + 1; k < i; k++) {
        result[k] = from + ((value - from) * ((times[k] ?? start) - start)) / (end - start);
      }
    }
    last = i;
  }
  return result;
}

/** Running sums from the first column up. Where one column has a sample, a missing one counts as nothing. */
export function stacked(columns: readonly Column[]): Value[][] {
  const length = columns[0]?.length ?? 0;
  const sums: Value[][] = columns.map(() => new Array<Value>(length).fill(null));
  for (let i = 0; i < length; i++) {
    if (columns.every((column) => column[i] == null)) continue;
    let sum = 0;
    columns.forEach((column, layer) => {
      sum += column[i] ?? 0;
      (sums[layer] as Value[])[i] = sum;
    });
  }
  return sums;
}

/** Increase of a counter per millisecond, at the later sample of each pair; a counter that fell was reset. */
export function perMs(times: readonly number[], values: Column): Value[] {
  const result = new Array<Value>(values.length).fill(null);
  let last = -1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value == null) continue;
    const before = values[last];
    const elapsed = (times[i] ?? 0) - (times[last] ?? 0);
    if (before != null && value >= before && elapsed > 0) result[i] = (value - before) / elapsed;
    last = i;
  }
  return result;
}

export function scaledBy(values: Column, factor: number): Value[] {
  return values.map((value) => (value == null ? null : value * factor));
}

export function last(values: Column): Value {
  for (let i = values.length - 1; i >= 0; i--) if (values[i] != null) return values[i] ?? null;
  return null;
}

export function lastTime(times: readonly number[], values: Column): number | null {
  for (let i = values.length - 1; i >= 0; i--) if (values[i] != null) return times[i] ?? null;
  return null;
}

export function first(values: Column): Value {
  return values.find((value) => value != null) ?? null;
}

export function largest(values: Column): Value {
  let most: Value = null;
  for (const value of values) if (value != null && (most === null || value > most)) most = value;
  return most;
}

export function smallest(values: Column): Value {
  let least: Value = null;
  for (const value of values) if (value != null && (least === null || value < least)) least = value;
  return least;
}

/** Least-squares slope in units per millisecond; null under three samples. */
export function slope(times: readonly number[], values: Column): Value {
  const origin = times[0] ?? 0;
  let n = 0, sumX = 0, sumY = 0, sumXX = 0, sumXY = 0;
  for (let i = 0; i < values.length; i++) {
    const y = values[i];
    if (y == null) continue;
    const x = (times[i] ?? 0) - origin;
    n++;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  const spread = n * sumXX - sumX * sumX;
  return n < 3 || spread === 0 ? null : (n * sumXY - sumX * sumY) / spread;
}

/** The sample nearest to `index` that exists, not further than `reach` away in time; null when there is none. */
export function nearest(times: readonly number[], values: Column, index: number, reach: number): number | null {
  const at = times[index];
  if (at === undefined) return null;
  for (let step = 0; step < values.length; step++) {
    const near = [index - step, index + step]
      .filter((i) => values[i] != null && Math.abs((times[i] ?? Infinity) - at) <= reach)
      .sort((a, b) => Math.abs((times[a] ?? 0) - at) - Math.abs((times[b] ?? 0) - at));
    if (near[0] !== undefined) return near[0];
    const before = times[index - step];
    const after = times[index + step];
    if ((before === undefined || at - before > reach) && (after === undefined || after - at > reach)) return null;
  }
  return null;
}

const RESET = 0.2;

/** Only what came after the last fall to under a fifth: a host whose JVM was started again begins anew. */
export function sinceReset(values: Column): Column {
  let before: number | null = null;
  let reset = 0;
  values.forEach((value, index) => {
    if (value == null) return;
    if (before !== null && value < RESET * before) reset = index;
    before = value;
  });
  return reset === 0 ? values : values.map((value, index) => (index < reset ? null : value));
}

const RECENT = 1 / 3;
const NOTABLE = 0.01;

/** True when the last third of a curve rises by more than a hundredth of its height: what was fixed has stopped. */
export function rises(times: readonly number[], values: Column): boolean {
  const known = values.flatMap((value, index) => (value == null ? [] : [index]));
  const [start, end] = [known[0], known[known.length - 1]];
  if (start === undefined || end === undefined) return false;
  const [from, to] = [times[start] ?? 0, times[end] ?? 0];
  const since = to - (to - from) * RECENT;
  const recent = values.map((value, index) => ((times[index] ?? 0) >= since ? value : null));
  const perMs = slope(times, recent);
  return perMs !== null && perMs * (to - since) > NOTABLE * (largest(values) ?? 0);
}
