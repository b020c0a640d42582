/** Messages, each as high as its text; only those in sight are in the document. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { CopyButton } from "../../lib/controls";
import { clock, exact, moment, utc } from "../../lib/format";
import { plain } from "../../lib/text";
import { folded, inSight, offsets, tone, type Message } from "./rows";

const LINE = 23;

interface Props {
  readonly rows: readonly Message[];
  readonly wrap: boolean;
  readonly today: number;
  readonly view: string;
  readonly onField: (name: string, value: string, not: boolean) => void;
  readonly following?: boolean;
}

export function MessageList({ rows, wrap, today, view, onField, following = false }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState(-1);
  const heights = useRef(new Map<string, number>());
  const [measured, setMeasured] = useState(0);
  useEffect(() => {
    setOpen(new Set());
    setActive(-1);
    if (box.current) box.current.scrollTop = 0;
  }, [view]);
  useEffect(() => heights.current.clear(), [wrap]);
  const starts = useMemo(() => offsets(rows.length, (index) => heights.current.get(rows[index]?.key ?? "") ?? LINE), [rows, measured, wrap]);
  const { first, end } = inSight(starts, seen.top, seen.height);
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const measure = () => setSeen({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(() => {
      heights.current.clear();
      measure();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    let changed = false;
    for (const element of box.current?.querySelectorAll<HTMLElement>("[data-key]") ?? []) {
      const key = element.dataset["key"] ?? "";
      const height = element.offsetHeight;
      if ((heights.current.get(key) ?? LINE) !== height) {
        heights.current.set(key, height);
        changed = true;
      }
    }
    if (changed) setMeasured((count) => count + 1);
  });
  // New messages come in above; whoever reads further down keeps his place.
  const top = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    const element = box.current;
    const before = rows.findIndex((row) => row.key === top.current);
    if (element && following && before > 0 && element.scrollTop > LINE) element.scrollTop += starts[before] ?? 0;
    top.current = rows[0]?.key;
  }, [rows]);
  const toggle = (key: string) =>
    setOpen((old) => {
      const next = new Set(old);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  const move = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setActive(next);
    const element = box.current;
    const [from, to] = [starts[next] ?? 0, starts[next + 1] ?? 0];
    if (!element) return;
    if (from < element.scrollTop) element.scrollTop = from;
    else if (to > element.scrollTop + element.clientHeight) element.scrollTop = to - element.clientHeight;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || !rows.length) return;
    const page = Math.max(1, Math.floor(seen.height / LINE) - 2);
    const steps: Readonly<Record<string, number>> = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: rows.length - 1 };
    const row = rows[active];
    if (steps[event.key] !== undefined) move(steps[event.key] as number);
    else if (event.key === "Enter" && row) toggle(row.key);
    else return;
    event.preventDefault();
  };
  return (
    <div class="messages" ref={box} tabIndex={0} role="group" aria-label="Messages: arrow keys move, Enter unfolds" data-wrap={wrap}
      onScroll={(event) => setSeen({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })} onKeyDown={onKeyDown}>
      <ol aria-label="Messages" style={{ paddingTop: `${starts[first] ?? 0}px`, paddingBottom: `${(starts[rows.length] ?? 0) - (starts[end] ?? 0)}px` }}>
        {rows.slice(first, end).map((row, index) => (
          <Row key={row.key} row={row} today={today} open={open.has(row.key)} active={first + index === active} place={first + index + 1} of={rows.length} onToggle={() => toggle(row.key)} onField={onField} />
        ))}
      </ol>
    </div>
  );
}

interface RowProps {
  readonly row: Message;
  readonly today: number;
  readonly open: boolean;
  readonly active: boolean;
  readonly place: number;
  readonly of: number;
  readonly onToggle: () => void;
  readonly onField: (name: string, value: string, not: boolean) => void;
}

const FIELDS_IN_LINE = new Set(["host", "jvm"]);

function Row({ row, today, open, active, place, of, onToggle, onField }: RowProps) {
  const { line, more } = folded(row.text);
  const near = row.fields.filter(([name]) => FIELDS_IN_LINE.has(name));
  const millis = String(Math.floor(row.time % 1000)).padStart(3, "0");
  const at = `${moment(row.time, today)}.${millis}`;
  return (
    <li data-key={row.key} data-active={active} data-tone={tone(row.level)} aria-posinset={place} aria-setsize={of} class={open ? "open" : ""}>
      <button type="button" class="fold" aria-expanded={open} aria-label={`${open ? "Fold" : "Unfold"} the message of ${clock(row.time)}`} onClick={onToggle}>{open ? "▾" : "▸"}</button>
      <time title={`${moment(row.time)}.${millis} local\n${utc(row.time)}`}>{at}</time>
      <span class="level">{plain(row.level)}</span>
      {near.length > 0 && <span class="from" title={near.map(([name, value]) => `${name}=${value}`).join("\n")}>{[...new Set(near.map(([, value]) => plain(String(value))))].join(" ")}</span>}
      {open ? (
        <div class="whole">
          <pre>{row.text}</pre>
          <div class="chips">
            {row.fields.map(([name, value]) => (
              <button type="button" class="field" key={name} title="Click: only messages with this. Alt+click: none with it." onClick={(event) => onField(name, String(value), event.altKey)}>
                <span class="label-name">{plain(name)}</span> <bdi>{plain(typeof value === "number" ? exact(value) : String(value))}</bdi>
              </button>
            ))}
            <CopyButton text={() => row.text} title="The message as it came">Copy</CopyButton>
          </div>
        </div>
      ) : (
        <span class="line" onClick={() => !String(getSelection()) && onToggle()}><bdi>{plain(line)}</bdi>{more > 0 && <i> +{more} line{more === 1 ? "" : "s"}</i>}</span>
      )}
    </li>
  );
}
