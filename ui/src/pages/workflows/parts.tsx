/** What the list and a run show alike. */
import type { ComponentChildren } from "preact";
import { duration } from "../../lib/format";
import { second } from "../../lib/view";
import { left, said, took } from "./rows";

export const State = ({ value }: { readonly value: string }) => <span class="run-state" data-state={value}>{said(value)}</span>;

/** Counting up while it is under way. */
export const Took = ({ from, to }: { readonly from: number | null; readonly to: number | null }) => <span>{duration(took(from, to, second.value))}</span>;

export const Left = ({ until }: { readonly until: number | null }) => <strong role="timer" aria-live="off">{left(until, second.value)}</strong>;

export const Wide = ({ label, children }: { readonly label: string; readonly children: ComponentChildren }) => (
  <div class="sideways" tabIndex={0} role="group" aria-label={`${label}, a wide table`}><table class="plain-table" aria-label={label}>{children}</table></div>
);

/** A text that is there when it is wanted. */
export const Folded = ({ title, what, text }: { readonly title: string; readonly what: string; readonly text: string }) => (
  <details class="folded"><summary>{title}<span class="sr"> of {what}</span></summary><pre tabIndex={0} aria-label={`${title} of ${what}`}>{text}</pre></details>
);
