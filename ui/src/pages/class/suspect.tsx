/** What is known of the leak that a class belongs to: verdict, figures, the family it grows with. */
import type { Leak } from "../../api/types";
import { Acknowledged, LeakState } from "../../leaks/badges";
import { familyOf, ratioText } from "../../leaks/family";
import { Each, End, Pace, PaceBetween, Since } from "../../leaks/figures";
import { openLeaks } from "../../leaks/open";
import { ends, inFamily, ofLoad, share, where } from "../../leaks/words";
import { exact } from "../../lib/format";
import { link } from "../../lib/router";
import { ClassName, plain } from "../../lib/text";

const MEMBERS = 12;

/** Open leaks whose family has one of these classes; patterns have no family of their own. */
export const leaksWith = (names: readonly string[]): readonly Leak[] => (openLeaks.value ?? []).filter((leak) => names.some((name) => inFamily(leak, name)));

export default function Suspect({ leaks, name }: { readonly leaks: readonly Leak[]; readonly name: string }) {
  return <>{leaks.map((leak) => <OneLeak key={leak.id} leak={leak} name={name} />)}</>;
}

function OneLeak({ leak, name }: { readonly leak: Leak; readonly name: string }) {
  const members = familyOf(leak);
  const own = leak.family[name];
  const load = ofLoad(leak);
  return (
    <section class="card in-leak" aria-label={`Leak of ${plain(leak.class)}`}>
      <header>
        <LeakState state={leak.state} />
        {leak.acknowledged && <Acknowledged by={leak.acknowledged.by} />}
        <h2>{name === leak.class || !(name in leak.family) ? "The root of a leak" : <>Grows with <ClassName name={leak.class} short />{own !== undefined && <span class="note"> {ratioText(own)} for each</span>}</>}</h2>
        <span class="note">{where(leak)} of <bdi>{plain(leak.service)}</bdi></span>
        <span class="spacer" />
        <a href={link(`/leaks/${encodeURIComponent(leak.id)}`)}>Evidence and history</a>
        <a href={link("/verify", { service: leak.service, class: leak.class })}>Verify a fix</a>
      </header>
      <p class="sentence whole">{plain(leak.sentence)}</p>
      <ul class="in-leak-figures">
        <li>since <Since at={leak.since} between={leak.since_between} /></li>
        <li><Pace value={leak.rate_per_s} /> <PaceBetween between={leak.rate_between} /></li>
        <li><Each leak={leak} /></li>
        <li title="Deaths by births: 0 keeps all that is born, 1 loses as much as it gains">{leak.births_per_s === null ? "births not visible" : <>births <Pace value={leak.births_per_s} />, deaths <Pace value={leak.deaths_per_s} />, balance <span title={exact(leak.balance)}>{share(leak.balance)}</span></>}</li>
        {leak.exhaustion && <li>{ends(leak.exhaustion)} in <End end={leak.exhaustion} /></li>}
        {load && <li>{plain(load)}</li>}
      </ul>
      <ul class="members" aria-label="Family">
        {members.slice(0, MEMBERS).map((member) => (
          <li key={member.name} data-own={member.name === name}><a href={link("/class", { class: member.name })} title={plain(member.name)}><ClassName name={member.name} short /></a> <i title={exact(member.ratio)}>{ratioText(member.ratio)}</i></li>
        ))}
        {members.length > MEMBERS && <li><a href={link(`/leaks/${encodeURIComponent(leak.id)}`)}>and {members.length - MEMBERS} more</a></li>}
      </ul>
    </section>
  );
}
