/** Service, before and after: by version, or by two stretches of time that are typed like any range. */
import { useEffect, useState } from "preact/hooks";
import { Segments } from "../../lib/controls";
import { moment } from "../../lib/format";
import type { Span } from "../../lib/range";
import { patch } from "../../lib/router";
import { plain } from "../../lib/text";
import { now } from "../../lib/view";
import { readCustom } from "../shell/rangepicker";
import type { Asked, By, Service, Version } from "./sides";

const NO_SIDES = { before_version: null, after_version: null, before_from: null, before_to: null, after_from: null, after_to: null };

interface Props {
  readonly services: readonly Service[];
  readonly service: Service;
  readonly asked: Asked;
}

export function Choose({ services, service, asked }: Props) {
  return (
    <div class="bar slim verify-bar">
      <label class="select">
        Service
        <select value={service.name} onChange={(event) => patch({ service: event.currentTarget.value, by: null, class: null, ...NO_SIDES }, "push")}>
          {services.map((one) => <option key={one.name} value={one.name}>{plain(one.name)}</option>)}
        </select>
      </label>
      <Segments<By> label="Compare" value={asked.by} onChoose={(by) => patch({ by, ...NO_SIDES }, "push")}
        choices={[{ value: "version", title: "Versions", help: "By the label version" }, { value: "time", title: "Times", help: "Two stretches of time" }]} />
      {asked.by === "version" ? <Versions service={service} asked={asked} /> : <Times asked={asked} />}
      {asked.classes.length > 0 && <button type="button" class="chip" onClick={() => patch({ class: null }, "push")}>only {asked.classes.map(plain).join(" ")} <span aria-hidden="true">✕</span></button>}
    </div>
  );
}

function Versions({ service, asked }: { readonly service: Service; readonly asked: Asked }) {
  const option = (one: Version) => <option key={one.name} value={one.name}>{plain(one.name)}</option>;
  return (
    <>
      <label class="select">Before<select value={asked.before} onChange={(event) => patch({ before_version: event.currentTarget.value }, "push")}>{service.versions.map(option)}</select></label>
      <span aria-hidden="true">→</span>
      <label class="select">After<select value={asked.after} onChange={(event) => patch({ after_version: event.currentTarget.value }, "push")}>{service.versions.map(option)}</select></label>
    </>
  );
}

const writeSide = (span: Span | null): readonly [string, string] => (span ? [moment(span.from), moment(span.to)] : ["", ""]);

function Times({ asked }: { readonly asked: Asked }) {
  const written = [...writeSide(asked.beforeSpan), ...writeSide(asked.afterSpan)];
  const [fields, setFields] = useState<readonly string[]>(written);
  const [problem, setProblem] = useState("");
  const [touched, setTouched] = useState(false);
  useEffect(() => {
    if (!touched) setFields(written);
  }, [written.join("\n"), touched]);
  const apply = (event: Event) => {
    event.preventDefault();
    const read = [readSide(fields[0] ?? "", fields[1] ?? ""), readSide(fields[2] ?? "", fields[3] ?? "")] as const;
    const wrong = read.find((one) => typeof one === "string");
    if (typeof wrong === "string") return setProblem(wrong);
    const [before, after] = read as readonly [Span, Span];
    setProblem("");
    setTouched(false);
    patch({ by: "time", before_from: Math.round(before.from), before_to: Math.round(before.to), after_from: Math.round(after.from), after_to: Math.round(after.to) }, "push");
  };
  const field = (index: number, label: string) => (
    <input value={fields[index]} aria-label={label} spellcheck={false} autocomplete="off" class="instant" onInput={(event) => {
      setTouched(true);
      setFields(fields.map((text, place) => (place === index ? event.currentTarget.value : text)));
    }} />
  );
  return (
    <form class="stretches" onSubmit={apply}>
      <span class="stretch">Before {field(0, "Before, from")} – {field(1, "Before, to")}</span>
      <span class="stretch">After {field(2, "After, from")} – {field(3, "After, to")}</span>
      <button type="submit" class={touched ? "primary" : ""}>Compare</button>
      {problem ? <span class="problem" role="alert">{problem}</span> : <span class="hint">2026-11-22 14:03 (local), -90m, now</span>}
    </form>
  );
}

/** As the range picker reads it; relative times are fixed at the moment of asking. */
export function readSide(from: string, to: string): Span | string {
  const present = now.peek();
  const read = readCustom(from, to, present);
  if (typeof read === "string") return read;
  return read.kind === "absolute" ? { from: read.from, to: read.to } : { from: present - read.span, to: present };
}
