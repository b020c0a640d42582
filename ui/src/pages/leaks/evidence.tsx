/** Every claim with its numbers, and the query that shows them. */
import type { Claim, Leak } from "../../api/types";
import { bytes, count, duration, exact, moment, utc } from "../../lib/format";
import { link } from "../../lib/router";
import { plain } from "../../lib/text";
import { spanToShow } from "../../leaks/onset";
import { writeRange } from "../../lib/range";
import { now, span } from "../../lib/view";

/** Numbers as the claim has them: beside its text, or under `numbers`. */
export function numbersOf(claim: Claim): [string, unknown][] {
  const { text, query: _query, numbers, ...rest } = claim;
  const nested = typeof numbers === "object" && numbers !== null && !Array.isArray(numbers) ? (numbers as Record<string, unknown>) : {};
  return Object.entries({ ...rest, ...nested }).filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0) && !isEmpty(value) && !isSaid(text, value));
}

/** Names that the text has already; of a list it may leave out the one that it is about. */
function isSaid(text: string, value: unknown): boolean {
  const names = [value].flat();
  const missing = names.filter((one) => typeof one !== "string" || !text.includes(one)).length;
  return missing === 0 || (names.length > 1 && missing === 1);
}

const isEmpty = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

const BYTES = new Set(["level", "limit", "bytes", "slope_per_s"]);
const MOMENTS = new Set(["earliest", "latest"]); // epoch seconds
const EPOCH = 1e11; // no count of ours comes near the times of these years

export function writeNumber(name: string, value: unknown, ofThreads = false): string {
  if (Array.isArray(value)) return value.map((one) => writeNumber(name, one, ofThreads)).join(typeof value[0] === "number" ? " – " : ", ");
  if (typeof value === "object" && value !== null) return Object.entries(value).map(([key, one]) => `${plain(key)} ${writeNumber(name, one)}`).join(", ");
  if (typeof value !== "number") return plain(String(value));
  if (value > EPOCH) return moment(value);
  if (MOMENTS.has(name)) return moment(value * 1000);
  if (BYTES.has(name) && !ofThreads) return name.endsWith("per_s") ? `${bytes(value)}/s` : bytes(value);
  if (/_s$/.test(name) && !/per_s$/.test(name)) return duration(value * 1000);
  return count(value);
}

const hover = (value: unknown): string | undefined =>
  typeof value === "number" ? (value > EPOCH ? utc(value) : exact(value)) : Array.isArray(value) && typeof value[0] === "number" ? value.map((one) => exact(one as number)).join(" – ") : undefined;

/** The query with a range that has the whole leak in it. */
function explored(leak: Leak, query: string): string {
  const hidden = leak.since !== null && leak.since < span.value.from;
  return link("/explore", { q: query, ...(hidden ? writeRange(spanToShow(leak.since as number, now.value)) : {}) });
}

export function Evidence({ leak }: { readonly leak: Leak }) {
  return (
    <section class="card evidence" aria-label="Evidence">
      <header><h2>Evidence</h2></header>
      <ol tabIndex={0} aria-label="Claims">
        {leak.evidence.map((claim) => (
          <li key={claim.text}>
            <p>{plain(claim.text)} {claim.query && <a class="open" href={explored(leak, claim.query)} title={claim.query}>Open in Explore</a>}</p>
            <p class="numbers-of">
              {numbersOf(claim).map(([name, value]) => <span key={name} title={hover(value)}>{plain(name).replace(/_/g, " ")} <b>{writeNumber(name, value, claim.text.startsWith("threads"))}</b></span>)}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}
