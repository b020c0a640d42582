/** A leak of many hosts is one leak: told once, above their rows. */
import { LeakState } from "../../leaks/badges";
import { End, Pace } from "../../leaks/figures";
import { openLeaks } from "../../leaks/open";
import { named, where } from "../../leaks/words";
import { link } from "../../lib/router";
import { ClassName, plain } from "../../lib/text";

const MOST = 4;
const HOSTS = 5;

export function Systemic({ filter }: { readonly filter: string }) {
  const leaks = (openLeaks.value ?? []).filter((leak) => leak.scope === "systemic" && !leak.acknowledged && (!filter.trim() || named(leak, filter.trim())));
  if (!leaks.length) return null;
  return (
    <ul class="systemic" aria-label="Leaks on many hosts">
      {leaks.slice(0, MOST).map((leak) => (
        <li key={leak.id}>
          <LeakState state={leak.state} />
          <a class="strong" href={link(`/leaks/${encodeURIComponent(leak.id)}`)}>{leak.class ? <ClassName name={leak.class} /> : leak.kind}</a>
          <span>{where(leak)} of <bdi>{plain(leak.service)}</bdi></span>
          <i>{leak.hosts.slice(0, HOSTS).map(plain).join(", ")}{leak.hosts.length > HOSTS && ` and ${leak.hosts.length - HOSTS} more`}</i>
          <Pace value={leak.rate_per_s} />
          {leak.exhaustion && <span class="ends">full in <End end={leak.exhaustion} /></span>}
        </li>
      ))}
      {leaks.length > MOST && <li><a href={link("/leaks")}>and {leaks.length - MOST} more</a></li>}
    </ul>
  );
}
