/**
 * `$name` and `${name}` in a query become the values that were chosen: alone quoted where they must be, several as a
 * list, within a word or a quoted text as they are. The server does the same when it checks a dashboard;
 * tests/web/variables.json holds the cases for both.
 */
import type { Definition, Variable } from "../../api/types";
import type { Span } from "../../lib/range";

export type Values = Readonly<Record<string, readonly string[]>>;

const TOKEN = /"(?:\\[^]|[^"\\])*"?|\$\{([a-z][a-z0-9_]*)\}|\$([a-z][a-z0-9_]*)/g;
const BARE = /^[\w.*-]+$/;
const RESERVED = new Set(["and", "or", "not", "by", "as"]);
const BEFORE = " \t\n=(,!";
const AFTER = " \t\n,)|";

export function substitute(text: string, values: Values): string {
  return text.replace(TOKEN, (found: string, braced: string | undefined, plain: string | undefined, start: number) => {
    if (found.startsWith('"')) return `"${found.slice(1).replace(TOKEN, (inner, one, other) => within(inner, one ?? other, values))}`;
    const chosen = valuesOf(values, braced ?? plain);
    if (chosen === undefined) return found;
    const end = start + found.length;
    const alone = (start === 0 || BEFORE.includes(text[start - 1] ?? "")) && (end === text.length || AFTER.includes(text[end] ?? ""));
    if (chosen.length > 1 && alone) return `(${chosen.map(word).join(", ")})`;
    const value = chosen[0] ?? "*";
    return alone ? word(value) : value;
  });
}

/** In titles: the values as they are read. */
export function inWords(text: string, values: Values): string {
  return text.replace(/\$\{([a-z][a-z0-9_]*)\}|\$([a-z][a-z0-9_]*)/g, (found: string, braced?: string, plain?: string) => {
    const chosen = valuesOf(values, braced ?? plain);
    if (chosen === undefined) return found;
    return chosen.length === 0 || (chosen.length === 1 && chosen[0] === "*") ? "all" : chosen.join(", ");
  });
}

const valuesOf = (values: Values, name: string | undefined): readonly string[] | undefined => (name !== undefined && Object.hasOwn(values, name) ? values[name] : undefined);

function within(found: string, name: string | undefined, values: Values): string {
  const chosen = valuesOf(values, name);
  return chosen === undefined ? found : (chosen[0] ?? "*").replace(/\\/g, "\\\\").replace(/"/g, '\\"');
}

const word = (value: string): string => (BARE.test(value) && !RESERVED.has(value.toLowerCase()) ? value : `"${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`);

export const PARAMETER = "v.";
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
const POINTS = 300;

/** A distance of points that gives about 300 of them, as a duration. */
export function fitting({ from, to }: Span): string {
  const wanted = (to - from) / 1000 / POINTS;
  return spelled(STEPS.find((step) => step >= wanted) ?? 86400);
}

function spelled(seconds: number): string {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "m"]] as const) if (seconds % size === 0) return `${seconds / size}${unit}`;
  return `${seconds}s`;
}

/** What the address chooses, else what the dashboard says; an interval of "auto" is what fits the range. */
export function chosen(definition: Pick<Definition, "variables">, query: URLSearchParams, span: Span): Values {
  return Object.fromEntries(definition.variables.map((variable) => {
    const told = query.getAll(PARAMETER + variable.name).filter((value) => value !== "");
    const values = told.length ? (variable.many ? told : told.slice(0, 1)) : defaultOf(variable);
    return [variable.name, variable.kind === "interval" && (values[0] ?? "auto") === "auto" ? [fitting(span)] : values];
  }));
}

export function defaultOf(variable: Variable): readonly string[] {
  const told = Array.isArray(variable.default) ? variable.default : [variable.default];
  const values = told.filter((value) => value !== "");
  if (values.length) return values;
  if (variable.kind === "interval") return ["auto"];
  return variable.kind === "choice" ? variable.choices.slice(0, 1) : ["*"];
}

/** The same text under another title. */
export function retitled(text: string, title: string): string {
  const line = `title: ${JSON.stringify(title)}`;
  return /^title:.*$/m.test(text) ? text.replace(/^title:.*$/m, () => line) : `${line}\n${text}`;
}
