/** The doors: what came through each and how fast, what it refused, and those that are shut or unused. */
import type { DoorRow, Status } from "../../api/types";
import { bytes, count, exact } from "../../lib/format";
import { here } from "../../lib/router";
import { Ago, plain } from "../../lib/text";
import { Card } from "./card";
import { pace } from "./rows";

export function Doors({ answer }: { readonly answer: Status }) {
  return (
    <Card title="Doors" note="where data comes in, counted since the server started; rates are of the last minute">
      <div class="sideways" tabIndex={0} role="group" aria-label="Doors, a wide table">
        <table class="plain-table" aria-label="Doors">
          <thead>
            <tr>
              <th scope="col">Door</th><th scope="col">Address</th><th scope="col" class="number">Open</th><th scope="col" class="number">Requests</th><th scope="col" class="number">Bytes</th>
              <th scope="col" class="number">Samples</th><th scope="col" class="number">Rate</th><th scope="col" class="number">Last</th><th scope="col">Refused</th>
            </tr>
          </thead>
          <tbody>{answer.doors.map((door) => <Door key={door.name + door.address} door={door} />)}</tbody>
        </table>
      </div>
      <Unused answer={answer} />
    </Card>
  );
}

function Door({ door }: { readonly door: DoorRow }) {
  const rates = door.per_minute;
  const hover = rates ? `a minute: ${exact(rates.samples, "samples")}\n${exact(rates.bytes, "bytes")}\n${exact(rates.requests, "requests")}\n${exact(rates.rejects, "refused")}` : "known after a few seconds";
  return (
    <tr class={door.requests || door.rejects ? "" : "gone"}>
      <td>{plain(door.name)}</td>
      <td><code title={door.setting ? `setting ${door.setting}` : undefined}>{plain(door.address || door.how || door.setting)}</code></td>
      <td class="number">{count(door.open)}</td>
      <td class="number" title={exact(door.requests)}>{count(door.requests)}</td>
      <td class="number" title={exact(door.bytes)}>{bytes(door.bytes)}</td>
      <td class="number" title={exact(door.samples)}>{count(door.samples)}</td>
      <td class="number" title={hover}>{pace(rates?.samples, count)}</td>
      <td class="number"><Ago value={door.last} /></td>
      <td>{door.rejects > 0 && <Reasons door={door} />}</td>
    </tr>
  );
}

function Reasons({ door }: { readonly door: DoorRow }) {
  const reasons = Object.entries(door.reasons).sort(([, one], [, other]) => other - one);
  return (
    <>
      <a href={here({ show: "refused", door: door.name, reason: null })} aria-label={`${exact(door.rejects)} refused at ${door.name}`} title={exact(door.rejects)}>{count(door.rejects)}</a>
      <span class="note"> {reasons.slice(0, 3).map(([reason, number]) => `${reason} ${count(number)}`).join(" · ")}{reasons.length > 3 && " …"}</span>
    </>
  );
}

function Unused({ answer }: { readonly answer: Status }) {
  if (!answer.unused.length) return null;
  return (
    <details class="foot unused">
      <summary>{answer.unused.length} more ways in that are shut or were not used</summary>
      <ul>
        {answer.unused.map((door) => (
          <li key={door.name}>{door.name}: {door.setting ? <>off; the setting <code>{door.setting}</code> opens it</> : <>nothing came to <code>{door.how}</code></>}</li>
        ))}
      </ul>
    </details>
  );
}
