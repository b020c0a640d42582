/** What waits for a person: what will be done, until when, and the answer. */
import { useState } from "preact/hooks";
import { link } from "../../lib/router";
import { Ago, LabelValues, plain } from "../../lib/text";
import { Answer, Shows } from "./dialogs";
import { mayAct } from "./fresh";
import { Left } from "./parts";
import type { Approval } from "../../api/types";

/** `alone`: on the page of its own run, which is named there already. */
export function Waiting({ asked, alone = false, onDone }: { readonly asked: Approval; readonly alone?: boolean; readonly onDone: () => void }) {
  const [how, setHow] = useState<"approve" | "deny" | null>(null);
  const name = plain(asked.workflow);
  return (
    <div class="waiting" role="group" aria-label={`Approval of ${name}`}>
      <p>
        {!alone && <a class="strong" href={link(`/runs/${encodeURIComponent(asked.run)}`)}>{name}</a>} <LabelValues labels={asked.labels} />{" "}
        <span class="note">asked <Ago value={asked.asked} />, <Left until={asked.expires} />{asked.users.length > 0 && <>; only <bdi>{asked.users.map(plain).join(" or ")}</bdi> may answer</>}</span>
      </p>
      <Shows asked={asked} />
      {mayAct() ? (
        <p class="row start">
          <button type="button" class="primary" onClick={() => setHow("approve")} aria-label={`Approve ${name}`}>Approve</button>
          <button type="button" onClick={() => setHow("deny")} aria-label={`Deny ${name}`}>Deny</button>
        </p>
      ) : <p class="note">To answer it, one needs the scope <code>act</code>.</p>}
      {how && <Answer asked={asked} how={how} onClose={() => setHow(null)} onDone={onDone} />}
    </div>
  );
}
