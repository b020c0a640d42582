/** The table as a file for spreadsheets. Names come from other people's programs: a cell must not become a formula. */
import { get } from "../../api/client";
import type { Classes } from "../../api/types";
import { saveAs } from "../../lib/save";
import type { Sort } from "../../lib/table";

const EVERYTHING = 1_000_000;
const PAGE = 10_000;

export function cell(value: string | number | null | undefined): string {
  if (value == null) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

const NAMES = ["class", "package", "kind", "rows", "instances", "bytes", "delta_instances", "delta_bytes", "bytes_per_min"] as const;

/** The heading says what the bytes are, here as everywhere. */
export function toCsv(columns: Partial<Record<(typeof NAMES)[number], readonly (string | number | null)[]>>, heading: boolean): string {
  const names = NAMES.filter((name) => columns[name] !== undefined);
  const titles = names.map((name) => (name.includes("bytes") ? `shallow_${name}` : name));
  const rows = (columns.class ?? []).map((_, index) => names.map((name) => cell(columns[name]?.[index])).join(","));
  return `${[...(heading ? [titles.join(",")] : []), ...rows].join("\r\n")}\r\n`;
}

type Asked = Readonly<Record<string, string | number | readonly string[] | null>>;

export async function download(asked: Asked, sort: Sort): Promise<void> {
  const parts: string[] = [];
  for (let offset = 0; offset < EVERYTHING; offset += PAGE) {
    const answer = await get<Classes>("classes", { ...asked, sort: sort.key, order: sort.order, limit: PAGE, offset });
    parts.push(toCsv(answer.columns, offset === 0));
    if (offset + PAGE >= answer.total) break;
  }
  saveAs(`${fileName(asked)}.csv`, parts, "text/csv;charset=utf-8");
}

export function fileName(asked: Asked): string {
  const names = [asked["jvm"], asked["host"]].flat().filter(Boolean).join("-");
  const time = new Date(Number(asked["at"])).toISOString().slice(0, 19).replace(/:/g, "");
  return `heapwatch-${names.replace(/[^\w.-]+/g, "_")}-${time}Z`;
}
