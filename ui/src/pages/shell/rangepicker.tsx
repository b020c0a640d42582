/** The time range: usual ones in one click, any other by typing. */
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, day, duration, moment, utc } from "../../lib/format";
import { PRESETS, SHORTEST, parseInstant, parseSpan, sameRange, type Range } from "../../lib/range";
import { range, setRange, span, zoomBack } from "../../lib/view";

export function nameOf(current: Range): string {
  if (current.kind === "relative") {
    const preset = PRESETS.find(({ text }) => parseSpan(text) === current.span);
    return preset?.name ?? `Last ${duration(current.span)}`;
  }
  const { from, to } = current;
  return `${day(from)} ${clock(from)} – ${day(from) === day(to) ? clock(to) : `${day(to)} ${clock(to)}`}`;
}

export function RangePicker() {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, [open]);
  const current = range.value;
  const choose = (next: Range) => {
    setOpen(false);
    if (!sameRange(next, current)) setRange(next);
  };
  const { from, to } = span.value;
  return (
    <div class="range" ref={box}>
      <div class="presets" role="group" aria-label="Time range">
        {PRESETS.map(({ text, name }) => {
          const wanted: Range = { kind: "relative", span: parseSpan(text) ?? 0 };
          return (
            <button type="button" key={text} aria-pressed={sameRange(wanted, current)} title={name} onClick={() => choose(wanted)}>{text}</button>
          );
        })}
        <button type="button" class="custom" aria-expanded={open} aria-pressed={isCustom(current)} onClick={() => setOpen(!open)}
          title={`${moment(from)} – ${moment(to)}\n${utc(from)} – ${utc(to)}`}>
          {isCustom(current) ? nameOf(current) : "Custom"} <span aria-hidden="true">▾</span>
        </button>
      </div>
      {open && <Custom current={current} onChoose={choose} onBack={() => { setOpen(false); zoomBack(); }} />}
    </div>
  );
}

const isCustom = (current: Range) =>
  current.kind === "absolute" || !PRESETS.some(({ text }) => parseSpan(text) === current.span);

function Custom({ current, onChoose, onBack }: { readonly current: Range; readonly onChoose: (range: Range) => void; readonly onBack: () => void }) {
  const shown = span.peek();
  const [from, setFrom] = useState(moment(shown.from));
  const [to, setTo] = useState(current.kind === "relative" ? "now" : moment(shown.to));
  const [problem, setProblem] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const apply = (event: Event) => {
    event.preventDefault();
    const read = readCustom(from, to, Date.now());
    if (typeof read === "string") setProblem(read);
    else onChoose(read);
  };
  return (
    <form class="popover" aria-label="Custom time range" onSubmit={apply}>
      <label>From <input ref={field} value={from} onInput={(event) => setFrom(event.currentTarget.value)} spellcheck={false} /></label>
      <label>To <input value={to} onInput={(event) => setTo(event.currentTarget.value)} spellcheck={false} /></label>
      <p class={problem ? "problem" : "hint"} role={problem ? "alert" : undefined}>
        {problem || "2026-11-22 14:03 (local), -90m, -3d, now"}
      </p>
      <div class="row"><button type="button" onClick={onBack}>Back to previous</button><button type="submit" class="primary">Apply</button></div>
    </form>
  );
}

/** What was typed, or the sentence that says what is wrong with it. */
export function readCustom(from: string, to: string, present: number): Range | string {
  const ago = parseSpan(from.replace(/^now/, ""));
  if (ago !== null && (to.trim() === "now" || to.trim() === "")) return { kind: "relative", span: ago };
  const start = ago !== null ? present - ago : parseInstant(from);
  const back = parseSpan(to.replace(/^now/, ""));
  const end = to.trim() === "now" ? present : back !== null ? present - back : parseInstant(to);
  if (start === null) return `“${from}” is not a time.`;
  if (end === null) return `“${to}” is not a time.`;
  if (end - start < SHORTEST) return "The end must be at least 10 seconds after the start.";
  return { kind: "absolute", from: start, to: end };
}
