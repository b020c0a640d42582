/** Targets that are scraped: those that fail first, with what went wrong. */
import type { Resource } from "../../api/resource";
import type { TargetRow, Targets as Answer } from "../../api/types";
import { count, duration, exact } from "../../lib/format";
import { Ago, plain } from "../../lib/text";
import { Card, Part } from "./card";
import { shownTargets } from "./rows";

const STATES = { up: "up", down: "silent", unknown: "exited" } as const;

export function Targets({ answer }: { readonly answer: Resource<Answer> }) {
  const targets = answer.data?.targets ?? [];
  const down = targets.filter((target) => target.health === "down").length;
  const note = targets.length ? `${count(targets.length)} scraped${down ? `, ${count(down)} of them down` : ""}` : undefined;
  return (
    <Card title="Targets" {...(note ? { note } : {})}>
      <Part of={answer}>
        {({ targets }) => targets.length ? <Rows targets={shownTargets(targets)} /> : <p class="no-match">Nothing is scraped. The setting <code>scrape</code> names a Prometheus configuration with targets.</p>}
      </Part>
    </Card>
  );
}

function Rows({ targets }: { readonly targets: readonly TargetRow[] }) {
  return (
    <div class="sideways" tabIndex={0} role="group" aria-label="Targets, a wide table">
      <table class="plain-table" aria-label="Targets">
        <thead><tr><th scope="col">Health</th><th scope="col">Job</th><th scope="col">Instance</th><th scope="col" class="number">Last scrape</th><th scope="col" class="number">Took</th><th scope="col" class="number">Every</th><th scope="col" class="number">Samples</th><th scope="col">Error</th></tr></thead>
        <tbody>
          {targets.map((target) => (
            <tr key={`${target.job} ${target.url}`}>
              <td><span class={`state ${STATES[target.health]}`}>{target.health}</span></td>
              <td><bdi>{plain(target.job)}</bdi></td><td title={plain(target.url)}><bdi>{plain(target.instance)}</bdi></td>
              <td class="number"><Ago value={target.last} /></td><td class="number">{duration(target.last === null ? null : target.seconds * 1000)}</td><td class="number">{duration(target.interval_s * 1000)}</td>
              <td class="number" title={exact(target.samples)}>{count(target.samples)}</td><td class="words"><bdi>{plain(target.error)}</bdi></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
