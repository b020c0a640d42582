/** Which JVMs cannot be judged yet, and why: silence about a JVM is not a verdict on it. */
import { useApi } from "../api/resource";
import type { Verdicts } from "../api/types";
import { Failure } from "../lib/controls";
import { count } from "../lib/format";
import { plain } from "../lib/text";
import { leakMoment } from "./open";
import { reasons } from "./words";

const NAMED = 6;

export function Undecided({ host, jvm }: { readonly host: readonly string[]; readonly jvm: readonly string[] }) {
  const answer = useApi<Verdicts>("verdicts", { host, jvm }, leakMoment.value);
  if (answer.error && !answer.data) return <Failure error={answer.error} onRetry={answer.reload} />;
  if (!answer.data) return <span class="skeleton" />;
  return (
    <ul class="reasons">
      {reasons(answer.data.jvms).map(({ reason, who }) => (
        <li key={reason}><strong>{count(who.length)}</strong> {plain(reason)} <i>{who.slice(0, NAMED).map(plain).join(", ")}{who.length > NAMED && ` and ${count(who.length - NAMED)} more`}</i></li>
      ))}
    </ul>
  );
}
