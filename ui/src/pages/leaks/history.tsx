/** How it came to be what it is: states with what was said of them, newest first. */
import type { Leak } from "../../api/types";
import { LeakState } from "../../leaks/badges";
import { Ago, Time, plain } from "../../lib/text";

export function History({ leak }: { readonly leak: Leak }) {
  return (
    <section class="card" aria-label="History">
      <header><h2>History</h2><span class="note">opened <Ago value={leak.opened} /></span></header>
      <ol class="states">
        {[...leak.history].reverse().map((entry) => (
          <li key={`${entry.time} ${entry.state} ${entry.text}`}><Time value={entry.time} /> <LeakState state={entry.state} /> <span>{plain(entry.text)}</span></li>
        ))}
      </ol>
    </section>
  );
}
