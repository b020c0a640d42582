/** The page for the ticket as a file. A link could not carry a token, so it is fetched. */
import { useState } from "preact/hooks";
import { address, request } from "../../api/client";
import { asApiError } from "../../api/resource";
import type { Leak } from "../../api/types";
import { saveAs } from "../../lib/save";
import { parted, plain } from "../../lib/text";

/** `heapwatch-leak-ActorCell.html` */
export const reportName = (leak: Pick<Leak, "class" | "kind">): string => `heapwatch-leak-${parted(leak.class).own.replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "") || leak.kind}.html`;

export function Report({ leak }: { readonly leak: Leak }) {
  const [state, setState] = useState<"" | "busy" | "failed">("");
  const [why, setWhy] = useState("");
  const fetchIt = async () => {
    setState("busy");
    try {
      const response = await request(address("report", { leak: leak.id }), undefined, "text/html");
      saveAs(reportName(leak), [await response.text()], "text/html");
      setState("");
    } catch (error) {
      setWhy(asApiError(error).message);
      setState("failed");
    }
  };
  return (
    <>
      {state === "failed" && <span class="problem" role="alert">{plain(why)}</span>}
      <button type="button" disabled={state === "busy"} aria-busy={state === "busy"} title="One file for a ticket: charts, evidence, what to do next" onClick={() => void fetchIt()}>Report</button>
    </>
  );
}
