/** One histogram as `jmap -histo` would have printed it, to read, copy or keep. */
import { useEffect, useState } from "preact/hooks";
import { getText, type ApiError } from "../../api/client";
import { asApiError } from "../../api/resource";
import { CopyButton, Dialog, Failure } from "../../lib/controls";
import { count, moment } from "../../lib/format";
import { saveAs } from "../../lib/save";
import { fileName } from "./csv";
import type { Choice } from "./selection";

const LINES_SHOWN = 2000;

export default function RawText({ choice, time, onClose }: { readonly choice: Choice; readonly time: number; readonly onClose: () => void }) {
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [again, setAgain] = useState(0);
  const asked = { host: choice.host, jvm: choice.jvm, pid: choice.pid, mode: choice.mode, at: time };
  useEffect(() => {
    const abort = new AbortController();
    setError(null);
    getText("snapshot", { ...asked, format: "text" }, abort.signal).then(setText, (failed: unknown) => {
      if (!abort.signal.aborted) setError(asApiError(failed));
    });
    return () => abort.abort();
  }, [time, again]);
  const lines = text?.split("\n") ?? [];
  return (
    <Dialog title={`Histogram of ${moment(time)}`} onClose={onClose} wide>
      <div class="bar slim">
        <span class="hint">{text === null ? "" : lines.length > LINES_SHOWN ? `the first ${count(LINES_SHOWN)} of ${count(lines.length)} lines` : `${count(lines.length)} lines`}; bytes are shallow</span>
        <span class="spacer" />
        {text !== null && <CopyButton text={() => text}>Copy</CopyButton>}
        {text !== null && <button type="button" class="quiet" onClick={() => saveAs(`${fileName(asked)}.histo`, [text], "text/plain;charset=utf-8")}>Download</button>}
      </div>
      {error ? <Failure error={error} onRetry={() => setAgain(again + 1)} /> : (
        <pre class="raw" tabIndex={0} aria-label="Histogram text">{text === null ? "Loading…" : lines.slice(0, LINES_SHOWN).join("\n")}</pre>
      )}
    </Dialog>
  );
}
