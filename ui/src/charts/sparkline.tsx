/** A curve the size of a word: one SVG path a row, cheap enough for every row in sight. */
import { bridged, largest, longestStep, type Column } from "./columns";

interface Props {
  readonly times: readonly number[];
  readonly values: Column;
  readonly limit: number | null;
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly height: number;
  readonly label: string;
}

const PAD = 2;

/** `M…L…` through the samples, lifted over gaps. */
export function pathOf(times: readonly number[], values: Column, toX: (time: number) => number, toY: (value: number) => number): string {
  let path = "";
  let down = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const time = times[i];
    if (value == null || time === undefined) {
      down = false;
      continue;
    }
    path += `${down ? "L" : "M"}${toX(time).toFixed(1)} ${toY(value).toFixed(1)}`;
    down = true;
  }
  return path;
}

export function Sparkline({ times, values, limit, from, to, width, height, label }: Props) {
  const most = largest(values);
  if (most === null) return <span class="none">no samples</span>;
  const ceiling = limit !== null && limit > 0 ? Math.max(limit, most) : most;
  const top = ceiling > 0 ? ceiling * 1.02 : 1;
  const toX = (time: number) => ((time - from) / Math.max(1, to - from)) * (width - 2 * PAD) + PAD;
  const toY = (value: number) => height - PAD - (value / top) * (height - 2 * PAD);
  const filled = bridged(times, values, longestStep(times, values, 0));
  const path = pathOf(times, filled, toX, toY);
  return (
    <svg class="spark" width={width} height={height} role="img" aria-label={label}>
      {limit !== null && limit > 0 && <line class="spark-limit" x1={PAD} x2={width - PAD} y1={toY(limit)} y2={toY(limit)} />}
      <path class="spark-line" d={path} />
    </svg>
  );
}
