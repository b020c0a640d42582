/** A component that is fetched when it is first shown; a quiet one takes no room until then. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function later<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>, quiet = false): ComponentType<Props> {
  let known: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [state, setState] = useState<"loading" | "loaded" | "failed">(known ? "loaded" : "loading");
    useEffect(() => {
      if (known) return;
      load().then(
        (module) => {
          known = module.default;
          setState("loaded");
        },
        () => setState("failed"),
      );
    }, []);
    if (state === "failed") {
      return (
        <div class="failure" role="alert">
          <strong>This part of the page could not be loaded.</strong> <span class="hint">The server may have been updated or stopped.</span>
          <button type="button" onClick={() => location.reload()}>Load again</button>
        </div>
      );
    }
    const Known = known;
    return Known ? <Known {...props} /> : quiet ? null : <div class="page-loading" aria-busy="true"><span class="skeleton wide" /><span class="skeleton tall" /></div>;
  };
}
