/** The editor in a page. Its text is shown at once; writing begins when its chunk is here. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Echoes } from "./echoes";
import type { Editor as Mounted, EditorProps, Mark } from "./mount";

interface Props extends EditorProps {
  readonly marks?: readonly Mark[];
  /** For what is done to the text from outside: inserting, going to a line. */
  readonly handle?: { current: Mounted | null };
  readonly autofocus?: boolean;
}

export function Editor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const own = useRef<Mounted | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [state, setState] = useState<"loading" | "ready" | "failed">("loading");
  const marks = props.marks ?? NONE;
  const echoes = useRef(new Echoes());
  useLayoutEffect(() => {
    let gone = false;
    import("./mount").then(
      ({ mountEditor }) => {
        if (gone) return;
        own.current = mountEditor(host.current as HTMLDivElement, () => ({
          ...latest.current,
          onChange: (text) => {
            echoes.current.told(text);
            latest.current.onChange(text);
          },
        }));
        if (latest.current.handle) latest.current.handle.current = own.current;
        if (latest.current.autofocus) own.current.focus();
        setState("ready");
      },
      () => setState("failed"),
    );
    return () => {
      gone = true;
      own.current?.destroy();
      own.current = null;
      if (latest.current.handle) latest.current.handle.current = null;
    };
  }, [props.language]);
  useEffect(() => {
    if (!echoes.current.isEcho(props.text)) own.current?.set(props.text);
  }, [props.text, state]);
  useEffect(() => own.current?.mark(marks), [marks, state]);
  return (
    <div class={`editor ${props.language}`} data-state={state}>
      <div ref={host} />
      {state === "loading" && <pre class="editor-wait" aria-busy="true">{props.text || props.hint}</pre>}
      {state === "failed" && (
        <textarea aria-label={props.label} value={props.text} spellcheck={false} readOnly={props.readOnly ?? false}
          onInput={(event) => props.onChange(event.currentTarget.value)}
          onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) props.onRun(); }} />
      )}
    </div>
  );
}

const NONE: readonly Mark[] = [];
