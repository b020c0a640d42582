/** Before the first question: some that are worth asking, and where the language is described. */
import { plain } from "../../lib/text";

const EXAMPLES: readonly (readonly [string, string])[] = [
  ["All memory, by host", "metric=heap.bytes | sum by host"],
  ["The classes that grow most", "metric=heap.bytes | sum by class | topk(10, slope)"],
  ["The classes with most instances on a host", "memleak3.count.** | parse *.count.** as host, class | sum by class | topk(10, max)"],
  ["A subsystem over the fleet", "*.size.akka.actor.** | parse *.size.** as host, class | sum by host"],
  ["How full heaps are after a collection", "#A metric=jvm.heap.after_gc | max by host, jvm\n#B metric=jvm.heap.max | max by host, jvm\n#A / #B along host, jvm"],
  ["What changed in the last hour", "metric=heap.bytes | diff between -1h and now"],
];

export function Examples({ onUse }: { readonly onUse: (query: string) => void }) {
  return (
    <section class="blank">
      <h2>Ask anything about what was stored</h2>
      <p>A query selects series and pipes them through operators; the editor proposes what may come next (Ctrl+Space). Ctrl+Enter runs it.</p>
      <ul class="examples">
        {EXAMPLES.map(([title, query]) => (
          <li key={query}><h3>{title}</h3><button type="button" class="command" onClick={() => onUse(query)}><code>{plain(query.replace(/\n/g, "   "))}</code></button></li>
        ))}
      </ul>
    </section>
  );
}
