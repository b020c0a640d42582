/** The variables of a dashboard, to choose from. What is chosen stands in the address. */
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { useApi, usePost } from "../../api/resource";
import type { Definition, LabelValues, QueryAnswer, Variable } from "../../api/types";
import { patch } from "../../lib/router";
import { plain } from "../../lib/text";
import { span } from "../../lib/view";
import { PARAMETER, defaultOf, substitute, type Values } from "./variables";

const INTERVALS = ["auto", "1s", "10s", "30s", "1m", "5m", "15m", "1h", "6h", "1d"];

export function Chosen({ definition, values, query }: { readonly definition: Definition; readonly values: Values; readonly query: URLSearchParams }) {
  if (!definition.variables.length) return null;
  return (
    <div class="bar slim variables" role="group" aria-label="Variables">
      {definition.variables.map((variable) => <One key={variable.name} variable={variable} values={values} asked={query.getAll(PARAMETER + variable.name)} />)}
    </div>
  );
}

interface OneProps {
  readonly variable: Variable;
  readonly values: Values;
  readonly asked: readonly string[];
}

const choose = (variable: Variable, next: readonly string[]) => {
  const usual = JSON.stringify(next) === JSON.stringify(defaultOf(variable));
  patch({ [PARAMETER + variable.name]: usual ? null : next.filter(Boolean) }, "push");
};

function One({ variable, values, asked }: OneProps) {
  const title = plain(variable.title || variable.name);
  const value = asked.length ? asked : defaultOf(variable);
  if (variable.kind === "interval" || variable.kind === "choice") {
    const choices = variable.kind === "interval" ? INTERVALS : variable.choices;
    const all = [...new Set([...choices, ...value])];
    return (
      <label class="select">{title}
        <select value={value[0]} onChange={(event) => choose(variable, [event.currentTarget.value])}>{all.map((one) => <option key={one} value={one}>{plain(one)}</option>)}</select>
      </label>
    );
  }
  return variable.kind === "label" ? <OfLabel variable={variable} values={values} value={value} title={title} /> : <Typed variable={variable} value={value[0] ?? ""} title={title} offered={[]} />;
}

/** Values that series have; a query narrows them. */
function useOffered(variable: Variable, values: Values): readonly string[] {
  const { from, to } = span.value;
  const coarse = 60_000; // which values there are changes seldom
  const asked = variable.query ? substitute(variable.query, values) : null;
  const all = useApi<LabelValues>(`labels/${encodeURIComponent(variable.label)}/values`, asked === null ? {} : null);
  const some = usePost<QueryAnswer>("query", asked === null ? null : { query: asked, from: String(Math.floor(from / coarse) * coarse), to: String(Math.ceil(to / coarse) * coarse) });
  return useMemo(() => {
    if (asked === null) return all.data?.values ?? [];
    const found = (some.data?.rows ?? []).flatMap((row) => row.series.map((series) => String(series.labels[variable.label] ?? "")));
    return [...new Set(found)].filter(Boolean).sort();
  }, [all.data, some.data, asked]);
}

function OfLabel({ variable, values, value, title }: { readonly variable: Variable; readonly values: Values; readonly value: readonly string[]; readonly title: string }) {
  const offered = useOffered(variable, values);
  return variable.many ? <Several variable={variable} value={value} title={title} offered={offered} /> : <Typed variable={variable} value={value[0] ?? ""} title={title} offered={offered} />;
}

/** One value, typed or picked; `*` stands for any part of it. */
function Typed({ variable, value, title, offered }: { readonly variable: Variable; readonly value: string; readonly title: string; readonly offered: readonly string[] }) {
  const [text, setText] = useState(value);
  const id = useId();
  useEffect(() => setText(value), [value]);
  const apply = (next: string) => {
    if (next.trim() !== value) choose(variable, [next.trim()]);
  };
  return (
    <label class="select">{title}
      <input value={text} list={offered.length ? id : undefined} spellcheck={false} autocomplete="off" size={Math.max(10, Math.min(32, text.length + 2))}
        onInput={(event) => { setText(event.currentTarget.value); if (offered.includes(event.currentTarget.value)) apply(event.currentTarget.value); }}
        onChange={(event) => apply(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Enter") apply(event.currentTarget.value); if (event.key === "Escape") setText(value); }} />
      {offered.length > 0 && <datalist id={id}>{["*", ...offered].map((one) => <option key={one} value={one} />)}</datalist>}
    </label>
  );
}

function Several({ variable, value, title, offered }: { readonly variable: Variable; readonly value: readonly string[]; readonly title: string; readonly offered: readonly string[] }) {
  const [open, setOpen] = useState(false);
  const [filter, setFilter] = useState("");
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
  const all = value.length === 0 || (value.length === 1 && value[0] === "*");
  const toggle = (one: string) => {
    const rest = all ? [] : value.filter((other) => other !== one);
    const next = !all && value.includes(one) ? rest : [...rest, one];
    choose(variable, next.length ? next : ["*"]);
  };
  const shown = [...new Set([...(all ? [] : value), ...offered])].filter((one) => one.toLowerCase().includes(filter.toLowerCase())).slice(0, 200);
  return (
    <div class="several" ref={box}>
      <span class="label-name">{title}</span>
      <button type="button" aria-expanded={open} aria-label={`${title}: ${all ? "all" : value.join(", ")}`} onClick={() => setOpen(!open)}>{all ? "all" : plain(value.join(", "))} <span aria-hidden="true">▾</span></button>
      {open && (
        <div class="popover left" role="group" aria-label={`Values of ${title}`}>
          <input type="search" aria-label="Find a value" placeholder="find" value={filter} autofocus onInput={(event) => setFilter(event.currentTarget.value)} />
          <div class="values">
            <label><input type="checkbox" checked={all} onChange={() => choose(variable, ["*"])} /> all</label>
            {shown.map((one) => <label key={one}><input type="checkbox" checked={!all && value.includes(one)} onChange={() => toggle(one)} /> <bdi>{plain(one)}</bdi></label>)}
          </div>
        </div>
      )}
    </div>
  );
}
