/** What grows with the root: how many of each class for every leaked object. */
import type { Leak } from "../../api/types";
import { exact } from "../../lib/format";
import { link } from "../../lib/router";
import { ClassName, parted, plain } from "../../lib/text";
import { familyOf, ratioText } from "../../leaks/family";

export function Family({ leak }: { readonly leak: Leak }) {
  const members = familyOf(leak);
  if (!members.length) return null;
  const own = parted(plain(leak.class)).own;
  return (
    <section class="card" aria-label="Family">
      <header><h2>Family</h2><span class="note">objects for each <bdi>{own}</bdi> that leaks</span></header>
      <div class="scroll" tabIndex={0} role="region" aria-label="Members of the family">
        <table class="plain-table">
          <thead><tr><th scope="col">Class</th><th scope="col" class="number">Of each</th></tr></thead>
          <tbody>
            {members.map(({ name, ratio, equal }) => (
              <tr key={name}>
                <td title={plain(name)}><a href={link("/class", { class: name })}><ClassName name={name} /></a>{name === leak.class && <span class="badge root">root</span>}</td>
                <td class="number" title={exact(ratio)}>{ratioText(ratio)}{equal && <i title="Comes one to one with the root: a histogram cannot tell which of them holds the other"> = root</i>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
