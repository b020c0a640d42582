/** What was turned away, newest first: why, in words, and its first bytes as text. */
import type { Resource } from "../../api/resource";
import type { Rejects } from "../../api/types";
import { count } from "../../lib/format";
import { here, patch } from "../../lib/router";
import { Time, plain } from "../../lib/text";
import { Card, Part } from "./card";
import { refusalsByDoor, refusalsByReason, type Refusal } from "./rows";

const FEW = 20;

export function Refused({ answer, door, reason, whole }: { readonly answer: Resource<Rejects>; readonly door: string; readonly reason: string; readonly whole: boolean }) {
  const counts = answer.data?.counts ?? {};
  const doors = refusalsByDoor(counts);
  const all = doors.reduce((sum, one) => sum + one.number, 0);
  return (
    <Card title="Refused" note={all ? `${count(all)} since the server started` : "nothing"}
      aside={all > 0 && (
        <>
          <Choose label="Door" value={door} from={doors} onChoose={(next) => patch({ door: next, reason: null }, "push")} />
          <Choose label="Reason" value={reason} from={refusalsByReason(counts, door)} onChoose={(next) => patch({ reason: next }, "push")} />
        </>
      )}>
      <Part of={answer}>{(found) => <Rows found={found} chosen={Boolean(door || reason)} whole={whole} />}</Part>
    </Card>
  );
}

function Choose({ label, value, from, onChoose }: { readonly label: string; readonly value: string; readonly from: readonly Refusal[]; readonly onChoose: (value: string) => void }) {
  return (
    <label class="choose">
      {label}{" "}
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">all</option>
        {value && !from.some((one) => one.name === value) && <option value={value}>{plain(value)} (0)</option>}
        {from.map((one) => <option key={one.name} value={one.name}>{one.name} ({count(one.number)})</option>)}
      </select>
    </label>
  );
}

function Rows({ found, chosen, whole }: { readonly found: Rejects; readonly chosen: boolean; readonly whole: boolean }) {
  const rejects = whole ? found.rejects : found.rejects.slice(0, FEW);
  if (!rejects.length) return <p class="no-match">{chosen ? "None of those that are kept, the newest 500 of all." : "Everything that came was understood."}</p>;
  return (
    <>
      <ul class="rejects" aria-label="Newest refused">
        {rejects.map((reject, index) => (
          <li key={index}>
            <p class="reject-head">
              <Time value={reject.time} /> <a href={here({ show: "refused", door: reject.door })}>{plain(reject.door)}</a>
              {reject.peer && <span class="note">from <bdi>{plain(reject.peer)}</bdi></span>} <strong>{plain(reject.reason)}</strong>
            </p>
            <p>{found.words[reject.reason] ?? "This server knows no more about it."}{reject.detail && <span class="note"> <bdi>{plain(reject.detail)}</bdi></span>}</p>
            {reject.sample && <pre tabIndex={0} aria-label={`What came, ${reject.reason}`}>{plain(reject.sample)}</pre>}
          </li>
        ))}
      </ul>
      {rejects.length < found.rejects.length && <p class="foot"><a href={here({ show: "refused" })}>{count(found.rejects.length - rejects.length)} older ones</a></p>}
    </>
  );
}
