/** One section of the page: its heading, what it is about, and its own failure when only that part is missing. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { Resource } from "../../api/resource";
import { Failure } from "../../lib/controls";

export function Card({ title, note, aside, children }: {
  readonly title: string;
  readonly note?: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <header><h2 id={id}>{title}</h2>{note && <span class="note">{note}</span>}<span class="spacer" />{aside}</header>
      {children}
    </section>
  );
}

/** What an answer holds, or why there is none; what is known stays when the next answer fails. */
export function Part<T>({ of, children }: { readonly of: Resource<T>; readonly children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error && <Failure error={of.error} onRetry={of.reload} known={of.data !== null} />}
      {of.data ? children(of.data) : !of.error && <p class="no-match" aria-busy="true"><span class="skeleton wide" /></p>}
    </>
  );
}
