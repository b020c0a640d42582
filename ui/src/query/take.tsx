/** A query and its answer taken elsewhere: an address, a shell command, curl, a spreadsheet. */
import { useState } from "preact/hooks";
import { address, request, token } from "../api/client";
import { asApiError } from "../api/resource";
import { CopyButton } from "../lib/controls";
import { merged, place, written } from "../lib/router";
import { writeRange } from "../lib/range";
import { plain } from "../lib/text";
import { range, span } from "../lib/view";
import { saveAs } from "../lib/save";
import { asCommand, asCurl, fileName, fromTo, type Lang } from "./forms";

const PARQUET = "application/vnd.apache.parquet";

/** The present view with its range fixed, so that it shows the same to whoever opens it later. */
export function fixedAddress(): string {
  const { from, to } = span.peek();
  return location.origin + written(place.peek().path, merged(place.peek().query, writeRange({ kind: "absolute", from, to })));
}

export function Take({ query, lang, interval = "" }: { readonly query: string; readonly lang: Lang; readonly interval?: string }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const server = location.origin;
  const save = async (form: "csv" | "parquet") => {
    setBusy(true);
    setProblem("");
    try {
      const body = { query, ...fromTo(range.peek()), ...(lang === "metrics" && interval ? { interval } : {}) };
      const url = address(lang === "logs" ? "logs/query" : "query");
      const answer = await request(url, undefined, form === "csv" ? "text/csv" : PARQUET, { method: "POST", body });
      const type = form === "csv" ? "text/csv;charset=utf-8" : PARQUET;
      saveAs(`${fileName(lang, span.peek().to)}.${form}`, [await answer.blob()], type);
    } catch (error) {
      setProblem(asApiError(error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {problem && <span class="problem" role="alert">{plain(problem)}</span>}
      <CopyButton text={fixedAddress} title="A link to this view with its range fixed">Copy link</CopyButton>
      <CopyButton text={() => asCommand(query, lang, range.peek(), interval, server)} title="The same on the command line">Copy command</CopyButton>
      <CopyButton text={() => asCurl(query, lang, range.peek(), interval, server, token.peek() !== "")} title="The same by HTTP">Copy curl</CopyButton>
      <button type="button" class="quiet" disabled={busy || !query.trim()} onClick={() => void save("csv")}>Download CSV</button>
      <button type="button" class="quiet" disabled={busy || !query.trim()} onClick={() => void save("parquet")} title="For notebooks and data lakes">Download Parquet</button>
    </>
  );
}
