/** Numbers as people read them; the exact value belongs into a `title`. Binary units for bytes, SI for counts. */

export type Unit = "bytes" | "count" | "ratio" | "ms" | "perMinute" | "number";

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const DECIMAL = ["", "k", "M", "G", "T"] as const;
const MINUS = "−";
export const NONE = "–";

type Maybe = number | null | undefined;

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return size >= 10 ? trimmed(value.toFixed(1)) : trimmed(value.toFixed(2));
}

/** Without the zeros that end a fraction; those of a whole number stay. */
const trimmed = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

function scaled(value: number, base: number, units: readonly string[]): [string, string] {
  let size = Math.abs(value);
  let step = 0;
  while (step < units.length - 1 && size >= base) {
    size /= base;
    step++;
  }
  let shown = digits(size);
  // 1023.7 KiB must not be written as "1024 KiB".
  if (Number(shown) >= base && step < units.length - 1) {
    shown = "1";
    step++;
  }
  return [(value < 0 && shown !== "0" ? MINUS : "") + shown, units[step] ?? ""];
}

const missing = (value: Maybe): value is null | undefined => value == null || !Number.isFinite(value);

/** `12.4 MiB` */
export function bytes(value: Maybe): string {
  if (missing(value)) return NONE;
  const [number, unit] = scaled(value, 1024, BINARY);
  return `${number} ${unit}`;
}

/** `1.2 M`, or `842` */
export function count(value: Maybe): string {
  if (missing(value)) return NONE;
  const [number, unit] = scaled(value, 1000, DECIMAL);
  return unit ? `${number} ${unit}` : number;
}

/** `+12.4 MiB`, `−3`, `0`: a change says its direction. */
export function signed(value: Maybe, write: (value: Maybe) => string): string {
  if (missing(value)) return NONE;
  if (value === 0) return "0";
  return value > 0 ? `+${write(value)}` : write(value);
}

/** `+340 KiB/min` */
export function rate(value: Maybe, write: (value: Maybe) => string = bytes, per = "min"): string {
  if (missing(value)) return NONE;
  return value === 0 ? "0" : `${signed(value, write)}/${per}`;
}

/** `4.2 %` of a fraction of one; small shares keep two digits. */
export function ratio(value: Maybe): string {
  if (missing(value)) return NONE;
  const percent = value * 100;
  const size = Math.abs(percent);
  if (size > 0 && size < 0.01) return "<0.01 %";
  return `${trimmed(percent.toFixed(size >= 100 ? 0 : size >= 1 ? 1 : 2))} %`.replace("-", MINUS);
}

/** `12.4 ms`, `3.2 s` for short times, `3 m 12 s`, `5 h 2 m`, `3 d 4 h` for long ones. */
export function duration(ms: Maybe): string {
  if (missing(ms)) return NONE;
  if (ms < 0) return MINUS + duration(-ms);
  if (ms < 1000) return `${digits(ms)} ms`;
  if (ms < 59_950) return `${trimmed((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount], index) => index === 0 || amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** How long ago, in the largest unit that fits: `now`, `12 s ago`, `3 m ago`. */
export function ago(time: Maybe, now: number): string {
  if (missing(time)) return "never";
  const age = Math.max(0, now - time);
  if (age < 1500) return "now";
  const [size, unit] = ([[86_400_000, "d"], [3_600_000, "h"], [60_000, "m"]] as const).find(([size]) => age >= size) ?? [1000, "s"];
  return `${Math.floor(age / size)} ${unit} ago`;
}

/** The value with every digit: `13,002,752 bytes`. */
export function exact(value: Maybe, noun = ""): string {
  if (missing(value)) return "no value";
  const text = value.toLocaleString("en-US", { maximumFractionDigits: 3 });
  return noun ? `${text} ${noun}` : text;
}

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** `14:03:09` in local time. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** `2026-11-22` in local time. */
export function day(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** `2026-11-22 14:03:09` in local time; the date is left out when it is `today`'s. */
export function moment(ms: Maybe, today?: number): string {
  if (missing(ms)) return NONE;
  return today !== undefined && day(ms) === day(today) ? clock(ms) : `${day(ms)} ${clock(ms)}`;
}

/** `2026-11-22 13:03:09 UTC`: what a local time shows on hover. */
export function utc(ms: Maybe): string {
  return missing(ms) ? "" : `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** One writer a unit, for axes, legends and data tables. */
export function writer(unit: Unit): (value: Maybe) => string {
  switch (unit) {
    case "bytes":
      return bytes;
    case "count":
      return count;
    case "ratio":
      return ratio;
    case "ms":
      return duration;
    case "perMinute":
      return (value) => (missing(value) ? NONE : `${count(value)}/min`);
    case "number":
      return (value) => (missing(value) ? NONE : trimmed(value.toFixed(2)));
  }
}

/** `100 MiB`, `1.5g`, `4096` as bytes; null when it is not a size. */
export function parseBytes(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (!match) return null;
  const step = "kmgt".indexOf((match[2] ?? "").toLowerCase()) + 1;
  return Number(match[1]) * 1024 ** (match[2] ? step : 0);
}
