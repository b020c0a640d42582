/** Each JVM that leaks with its own figures; those that do not, and those of which nobody can tell. */
import type { Leak } from "../../api/types";
import { LeakState } from "../../leaks/badges";
import { End, Pace, PaceBetween } from "../../leaks/figures";
import { share } from "../../leaks/words";
import { exact } from "../../lib/format";
import { link } from "../../lib/router";
import { ShallowBytes, Time, plain } from "../../lib/text";

/** `1.0 → 1.1`-like notes of what versions the hosts run, whatever shape they come in. */
const told = (versions: Leak["versions"]): string =>
  Object.entries(versions).map(([version, of]) => `${plain(version)}: ${Array.isArray(of) ? of.map((one) => plain(String(one))).join(", ") : plain(String(of))}`).join("; ");

export function PerHost({ leak }: { readonly leak: Leak }) {
  return (
    <section class="card" aria-label="On each host">
      <header>
        <h2>On each host</h2>
        {leak.clean.length > 0 && <span class="note">clean: <bdi>{leak.clean.map(plain).join(", ")}</bdi></span>}
        {leak.undecided.length > 0 && <span class="note">cannot be judged yet: <bdi>{leak.undecided.map(plain).join(", ")}</bdi></span>}
        {Object.keys(leak.versions).length > 0 && <span class="note">by version: {told(leak.versions)}</span>}
      </header>
      <div class="scroll" tabIndex={0} role="region" aria-label="JVMs that leak">
        <table class="plain-table wide-cells">
          <thead>
            <tr>
              <th scope="col">Host</th><th scope="col">JVM</th><th scope="col">State</th><th scope="col" class="number">Objects</th><th scope="col">Interval</th><th scope="col">Since</th>
              <th scope="col" class="number">Each (shallow)</th><th scope="col" class="number">Balance</th><th scope="col">Full in</th>
            </tr>
          </thead>
          <tbody>
            {leak.jvms.map((one) => (
              <tr key={`${one.host} ${one.jvm} ${one.pid} ${one.started}`}>
                <td><a class="strong" href={link("/jvm", { host: one.host, jvm: one.jvm })}><bdi>{plain(one.host)}</bdi></a></td>
                <td title={`pid ${one.pid}`}><bdi>{plain(one.jvm)}</bdi></td>
                <td><LeakState state={one.state} /></td>
                <td class="number"><Pace value={one.rate_per_s} /></td>
                <td><PaceBetween between={one.rate_between} /></td>
                <td><Time value={one.since} /></td>
                <td class="number"><ShallowBytes value={one.bytes_per_leak} /></td>
                <td class="number" title={exact(one.balance)}>{share(one.balance)}</td>
                <td><End end={one.exhaustion} host={false} what /></td>
              </tr>
            ))}
          </tbody>
        </table>
        {leak.jvms.length === 0 && <p class="no-match">It grows on no live JVM.</p>}
      </div>
    </section>
  );
}
