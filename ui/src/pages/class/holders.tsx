/** Who holds a class: what the newest diagnosis that knows a way from a root down to it says. */
import { useApi } from "../../api/resource";
import type { Diagnoses, Diagnosis, HeldWay } from "../../api/types";
import { CopyButton, Failure } from "../../lib/controls";
import { count, writer } from "../../lib/format";
import { link } from "../../lib/router";
import { ClassName, Time, plain } from "../../lib/text";

const WAYS = 6;
const milliseconds = writer("ms");

/** Scala puts the owner before a private field's name. */
const shortField = (name: string) => name.slice(name.lastIndexOf("$$") < 0 ? 0 : name.lastIndexOf("$$") + 2);

export const has = (way: HeldWay, name: string): boolean => way.class === name || way.chain.some((step) => step.holder === name);

/** A heap dump has seen all objects, a recording only some: its ways come first. */
export const waysTo = (found: Diagnosis, name: string): HeldWay[] => [...(found.holders.heap_dump?.ways ?? []), ...found.holders.jfr].filter((way) => has(way, name));

export default function Holders({ name }: { readonly name: string }) {
  const list = useApi<Diagnoses>("diagnoses", { class: name, limit: 20 });
  const newest = list.data?.diagnoses.find((one) => one.ways > 0);
  const found = useApi<Diagnosis>(`diagnoses/${newest?.id ?? ""}`, newest ? {} : null);
  const ways = found.data ? waysTo(found.data, name) : [];
  return (
    <section class="card holders" aria-label="Who holds it">
      <header>
        <h2>Who holds it</h2>
        {newest && <span class="note">
          <a href={link("/jvm", { host: newest.host, jvm: newest.jvm })}><bdi>{plain(newest.jvm)}</bdi> on <bdi>{plain(newest.host)}</bdi></a>, <Time value={newest.time} />; it stood {milliseconds(newest.pause_ms)} for all steps, {milliseconds(newest.longest_pause_ms)} at most
        </span>}
        {newest && newest.confirmed_by.length === 0 && <span class="note">not confirmed: it may be garbage</span>}
      </header>
      {list.error && <Failure error={list.error} onRetry={list.reload} known={list.data !== null} />}
      {found.error && <Failure error={found.error} onRetry={found.reload} known={found.data !== null} />}
      {list.data && !newest && <Nobody name={name} />}
      {ways.slice(0, WAYS).map((way, index) => <Way key={index} way={way} name={name} />)}
      {ways.length > WAYS && <p class="foot">and {count(ways.length - WAYS)} other ways</p>}
      {found.data && ways.length === 0 && <p class="foot">The newest diagnosis suspects it, and knows no way from a root down to it.</p>}
    </section>
  );
}

function Nobody({ name }: { readonly name: string }) {
  const command = `heapwatch diagnose JVM --suspect '${plain(name)}' --server ${location.origin}`;
  return (
    <div class="nobody">
      <p>No diagnosis is kept of this class. On the JVM's machine:</p>
      <div class="command"><code tabIndex={0}>{command}</code><CopyButton text={() => command}>Copy</CopyButton></div>
    </div>
  );
}

function Way({ way, name }: { readonly way: HeldWay; readonly name: string }) {
  return (
    <div class="way" role="group" tabIndex={0} aria-label={`Held from ${plain(way.root) || "an unknown root"}`}>
      <ol>
        <li class="root">{plain(way.root) || "no way to a root is known"}</li>
        {way.chain.map((step, index) => (
          <li key={index} style={{ "--deep": Math.min(index + 1, 24) }} data-own={step.holder === name}>
            {step.static && <i>static </i>}<ClassName name={step.holder} /><span class="field">{step.fields.map((field) => (field === "[]" || !field ? "" : `.${plain(shortField(field))}`)).join(" ")}</span>
            {step.times > 1 && <span class="note"> × {count(step.times)}</span>}
          </li>
        ))}
        <li style={{ "--deep": Math.min(way.chain.length + 1, 24) }} data-own={way.class === name}><ClassName name={way.class} /> <span class="note">{count(way.objects)} held</span></li>
      </ol>
      {way.stack.length > 0 && <details><summary>made by {plain(way.stack[0] ?? "")}</summary><ul>{way.stack.slice(1).map((frame, index) => <li key={index}><bdi>{plain(frame)}</bdi></li>)}</ul></details>}
    </div>
  );
}
