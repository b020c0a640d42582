/** What stands around an answer: what was wrong with the question, how it was answered, what was left out. */
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/client";
import type { QueryAnswer, QueryWarning, Read } from "../api/types";
import type { Mark } from "../editor/mount";
import { Failure } from "../lib/controls";
import { count, duration, exact } from "../lib/format";
import { plain } from "../lib/text";

/** Under which word the editor draws its line. */
export function marksOf(error: ApiError | null): readonly Mark[] {
  return error?.flaw ? [{ start: error.flaw.start, end: error.flaw.end, message: error.message }] : [];
}

export const isOfQuery = (error: ApiError): boolean => error.flaw !== null || error.status === 400 || error.status === 422;

/** Errors of the query itself say what would be right there; anything else can only be tried again. */
export function Refused({ error, onRetry, onUse, known }: {
  readonly error: ApiError;
  readonly onRetry: () => void;
  readonly onUse: (query: string) => void;
  readonly known: boolean;
}) {
  if (!isOfQuery(error)) return <Failure error={error} onRetry={onRetry} known={known} />;
  const { flaw } = error;
  return (
    <div class="refused" role="alert">
      <p>
        {flaw && !/^line \d/.test(error.message) && <span class="where">line {flaw.line}, column {flaw.column}</span>} <strong>{plain(error.message)}</strong> {error.hint && !error.message.includes(error.hint) && <span>{plain(error.hint)}</span>}
      </p>
      {flaw && flaw.expected.length > 0 && (
        <p class="expected">expected {flaw.expected.slice(0, 24).map((word, index) => <span key={word}>{index > 0 && ", "}<code>{plain(word)}</code></span>)}{flaw.expected.length > 24 && ", …"}</p>
      )}
      {error.suggestion && (
        <p>This would fit: <code>{plain(error.suggestion)}</code> <button type="button" onClick={() => onUse(error.suggestion)}>Use it</button></p>
      )}
      {known && <p class="hint">What is shown below is the answer before.</p>}
    </div>
  );
}

export function WarningList({ warnings }: { readonly warnings: readonly QueryWarning[] }) {
  if (!warnings.length) return null;
  return (
    <ul class="warnings" role="status" aria-label="Warnings">
      {warnings.map((warning) => (
        <li key={`${warning.row} ${warning.message}`}>
          {warning.row && <strong>#{warning.row} </strong>}{plain(warning.message)}{warning.count != null && !warning.message.includes(String(warning.count)) && <i> ({count(warning.count)})</i>}
        </li>
      ))}
    </ul>
  );
}

const ROLLUPS: Readonly<Record<string, string>> = { latest: "newest", avg: "mean", sum: "sum", min: "least", max: "greatest", count: "number" };

/** `15 s, mean of each · 12 series · 3.4 k points read in 34 ms` */
export function Used({ answer, children }: { readonly answer: QueryAnswer; readonly children?: ComponentChildren }) {
  const ways = [...new Set(answer.rows.filter((row) => row.series.length).map((row) => `every ${duration(row.interval_s * 1000)}, ${ROLLUPS[row.rollup] ?? row.rollup} (${row.rollup})`))];
  const series = answer.rows.reduce((sum, row) => sum + row.series.length, 0);
  return (
    <p class="used">
      {ways.map((way) => <span key={way} title="Distance of the points, and how what was read within it became one">{way}</span>)}
      <span>{count(series)} series</span>
      <ReadOf read={answer.read} took={answer.took_ms} />
      {children}
    </p>
  );
}

export function ReadOf({ read, took }: { readonly read: Read; readonly took: number }) {
  const parts = Object.entries(read).filter(([, number]) => typeof number === "number" && number > 0);
  return (
    <span title={parts.map(([name, number]) => `${exact(number)} ${name}`).join("\n")}>
      {parts.length > 0 && <>{parts.slice(-1).map(([name, number]) => `${count(number)} ${name}`)} read in </>}{duration(took)}
    </span>
  );
}
