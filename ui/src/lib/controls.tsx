/** The few controls that all pages share. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, forgetToken, token } from "../api/client";

interface Choice<T extends string> {
  readonly value: T;
  readonly title: string;
  readonly help?: string;
}

export function Segments<T extends string>({ label, choices, value, onChoose }: {
  readonly label: string;
  readonly choices: readonly Choice<T>[];
  readonly value: T;
  readonly onChoose: (value: T) => void;
}) {
  return (
    <span class="segments" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button type="button" key={choice.value} aria-pressed={choice.value === value} title={choice.help} onClick={() => onChoose(choice.value)}>
          {choice.title}
        </button>
      ))}
    </span>
  );
}

const TYPING = 250; // ms of rest before the server is asked

/** A text that filters. `/` comes here (the first of a page), Escape empties it. */
export function Filter({ label, value, placeholder, onChange, width = 260 }: {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (value: string) => void;
  readonly width?: number;
}) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  const send = (next: string, wait: number) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sent.current = next;
      onChange(next);
    }, wait);
  };
  return (
    <span class="filter" style={{ width: `${width}px` }}>
      <input type="search" aria-label={label} placeholder={placeholder} value={text} data-filter spellcheck={false} autocomplete="off"
        onInput={(event) => send(event.currentTarget.value, TYPING)}
        onKeyDown={(event) => {
          if (event.key === "Enter") send(event.currentTarget.value, 0);
          if (event.key === "Escape") {
            if (text) send("", 0);
            else event.currentTarget.blur();
            event.stopPropagation();
          }
        }} />
      <kbd aria-hidden="true">/</kbd>
    </span>
  );
}

export function CopyButton({ text, children, title }: { readonly text: () => string; readonly children: ComponentChildren; readonly title?: string }) {
  const [done, setDone] = useState<"" | "Copied" | "Cannot copy">("");
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(""), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button type="button" class="quiet" title={title} onClick={() => copy(text()).then(() => setDone("Copied"), () => setDone("Cannot copy"))}>
      {done || children}
      <span class="sr" aria-live="polite">{done}</span>
    </button>
  );
}

/** The clipboard needs a secure context; plain http on a company network has only the old way. */
async function copy(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("refused");
}

export function Dialog({ title, onClose, children, wide }: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly wide?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current as HTMLDialogElement;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog ref={dialog} class={wide ? "wide" : ""} aria-label={title} onCancel={(event) => { event.preventDefault(); onClose(); }}
      onClick={(event) => event.target === dialog.current && onClose()}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="icon" onClick={onClose} title="Close (Esc)"><span aria-hidden="true">✕</span><span class="sr">Close</span></button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

/** An error in place of what it kept from being shown, or above what is still known. */
export function Failure({ error, onRetry, known }: { readonly error: ApiError; readonly onRetry: () => void; readonly known?: boolean }) {
  // Whoever still sees data is told by the banner that the server is away.
  if (known && error.status === 0) return null;
  return (
    <div class={`failure ${known ? "slim" : ""}`} role="alert">
      <strong>{error.message}</strong> {error.hint && <span class="hint">{error.hint}</span>}
      {known && <span class="hint">What is shown is older.</span>}
      <button type="button" onClick={onRetry}>Try again</button>
      {error.status === 403 && token.value && <button type="button" onClick={forgetToken}>Use another token</button>}
    </div>
  );
}

export const Warnings = ({ texts }: { readonly texts: readonly string[] | undefined }) =>
  texts?.length ? <div class="warnings" role="status">{texts.map((text) => <p key={text}>{text}</p>)}</div> : null;
