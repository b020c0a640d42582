/** What a row of the list of leaks says. */
import type { Leak } from "../../api/types";
import { Acknowledged, LeakState } from "../../leaks/badges";
import { Each, End, Pace, PaceBetween, Since } from "../../leaks/figures";
import { isOpen } from "../../leaks/states";
import { ends, where } from "../../leaks/words";
import { link } from "../../lib/router";
import type { Column } from "../../lib/table";
import { ClassName, plain } from "../../lib/text";
import { Curves } from "./curves";

export const leakLink = (id: string): string => link(`/leaks/${encodeURIComponent(id)}`);

/** What leaks: a class, or where there is none, what is used up. */
export const Root = ({ leak }: { readonly leak: Pick<Leak, "class" | "kind"> }) => (leak.class ? <ClassName name={leak.class} /> : <>{leak.kind}</>);

export const COLUMNS: readonly Column<Leak>[] = [
  { key: "state", title: "State", width: "116px", cell: (leak) => <span class="two-lines"><LeakState state={leak.state} />{leak.acknowledged && <Acknowledged by={leak.acknowledged.by} />}</span> },
  {
    key: "class", title: "Class", cell: (leak) => (
      <span class="leak-cell"><a class="strong" href={leakLink(leak.id)}><Root leak={leak} /></a><span class="sentence">{plain(leak.sentence)}</span></span>
    ), hover: (leak) => plain(leak.sentence),
  },
  { key: "service", title: "Service", width: "10%", cell: (leak) => <span class="two-lines"><bdi>{plain(leak.service)}</bdi><i>{leak.kind}</i></span>, hover: (leak) => plain(leak.service) },
  { key: "where", title: "Where", width: "126px", cell: (leak) => <span class="two-lines"><span>{where(leak)}</span><i>{leak.scope}</i></span>, hover: (leak) => leak.hosts.map(plain).join("\n") },
  { key: "since", title: "Since", width: "132px", number: true, cell: (leak) => <span class="two-lines"><Since at={leak.since} between={leak.since_between} /></span> },
  { key: "rate", title: "Objects", width: "104px", number: true, help: "Objects of the class that come more than go, on the host where it is fastest", cell: (leak) => <span class="two-lines"><Pace value={leak.rate_per_s} /><PaceBetween between={leak.rate_between} /></span> },
  { key: "each", title: "Each (shallow)", width: "112px", number: true, help: "Shallow bytes that stay with every leaked object, its companions included", cell: (leak) => <span class="two-lines"><Each leak={leak} /></span> },
  { key: "full_in", title: "Full in", width: "134px", number: true, help: "When the host that ends first has nothing left, and the interval of that forecast", cell: (leak) => <span class="two-lines"><End end={isOpen(leak) ? leak.exhaustion : null} /></span>, hover: (leak) => (isOpen(leak) && leak.exhaustion ? `${ends(leak.exhaustion)} on ${plain(leak.exhaustion.host)}` : undefined) },
  { key: "curve", title: "Instances", width: "130px", sortable: false, help: "Of the class over the range, a line for each host", cell: (leak) => <Curves leak={leak} /> },
];
