/** One leak with all that is known of it, and what can be done about it. */
import { useEffect, useState } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import type { Diagnoses, Leak } from "../../api/types";
import { Acknowledged, LeakState } from "../../leaks/badges";
import { Each, End, Pace, PaceBetween, Since } from "../../leaks/figures";
import { askAgain, leakMoment } from "../../leaks/open";
import { Conditions, ProofHead, Sides } from "../../leaks/proof";
import { isOpen } from "../../leaks/states";
import { ends, share, where } from "../../leaks/words";
import { CopyButton, Failure } from "../../lib/controls";
import { later } from "../../lib/later";
import { exact } from "../../lib/format";
import { link, path } from "../../lib/router";
import { parted, plain, Time } from "../../lib/text";
import { Root } from "./columns";
import { Evidence } from "./evidence";
import { Family } from "./family";
import { Growth } from "./growth";
import { History } from "./history";
import { PerHost } from "./hosts";
import { Report } from "./report";

const Acknowledge = later(() => import("./acknowledge"));

export default function OneLeak() {
  const id = decodeURIComponent(path.value.slice("/leaks/".length));
  const answer = useApi<Leak>(`leaks/${encodeURIComponent(id)}`, {}, leakMoment.value);
  const leak = answer.data;
  useEffect(() => {
    document.title = `${leak ? plain(parted(leak.class).own || leak.kind) : "Leak"} · heapwatch`;
    liveFilter.value = {};
  }, [leak?.class]);
  if (answer.error?.status === 404 && !leak) return <Unknown id={id} />;
  if (answer.error && !leak) return <Failure error={answer.error} onRetry={answer.reload} />;
  if (!leak) return <section class="page leak" aria-busy="true"><span class="skeleton wide" /><span class="skeleton tall" /><span class="skeleton tall" /></section>;
  return (
    <section class="page leak">
      <Head leak={leak} />
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known />}
      <p class="sentence whole">{!isOpen(leak) && <i>As it was when it was last seen: </i>}{plain(leak.sentence)}</p>
      <Figures leak={leak} />
      {leak.proof && <section class="card proof" aria-label="Proof"><ProofHead proof={leak.proof} /><p class="foot-text">{plain(leak.proof.sentence)}</p><div class="proof-body"><Sides proof={leak.proof} /><Conditions proof={leak.proof} /></div></section>}
      <div class="leak-top">
        <Growth leak={leak} />
        <Evidence leak={leak} />
      </div>
      <PerHost leak={leak} />
      <div class="pair">
        <Family leak={leak} />
        <History leak={leak} />
      </div>
    </section>
  );
}

function Head({ leak }: { readonly leak: Leak }) {
  const [asking, setAsking] = useState(false);
  const seen = leak.acknowledged;
  return (
    <>
      <div class="bar leak-head">
        <nav class="crumbs" aria-label="Breadcrumbs"><a href={link("/leaks")}>Leaks</a><span aria-hidden="true">/</span></nav>
        <h1><Root leak={leak} /></h1>
        <LeakState state={leak.state} />
        {seen && <Acknowledged by={seen.by} />}
        <span class="note">{leak.kind} leak of <bdi>{plain(leak.service)}</bdi>, {leak.scope}</span>
        <span class="spacer" />
        {isOpen(leak) && <button type="button" onClick={() => setAsking(true)}>{seen ? "Change or undo" : "Acknowledge"}</button>}
        {leak.class && <Held name={leak.class} />}
        <a class="button" href={link("/verify", { service: leak.service, class: leak.class || null })}>Verify a fix</a>
        <Report leak={leak} />
        <CopyButton text={() => location.href} title="The address of this leak">Copy link</CopyButton>
      </div>
      {seen && <p class="seen"><span aria-hidden="true">⚑</span> Acknowledged by <bdi>{plain(seen.by)}</bdi> at <Time value={seen.at} />{seen.note && <>: {plain(seen.note)}</>}</p>}
      {asking && <Acknowledge leak={leak} onClose={() => setAsking(false)} onDone={() => { setAsking(false); askAgain(); }} />}
    </>
  );
}

/** The way to who holds it, once a diagnosis is kept that knows. */
function Held({ name }: { readonly name: string }) {
  const kept = useApi<Diagnoses>("diagnoses", { class: name, limit: 20 }, leakMoment.value);
  const newest = kept.data?.diagnoses.find((one) => one.ways > 0);
  if (!newest) return null;
  return <a class="button" href={link("/class", { class: name })} title={`By a diagnosis of ${plain(newest.jvm)} on ${plain(newest.host)}`}>Who holds it</a>;
}

function Figures({ leak }: { readonly leak: Leak }) {
  const end = isOpen(leak) ? leak.exhaustion : null;
  return (
    <dl class="facts">
      <div class="fact"><dt>Where</dt><dd>{where(leak)}</dd></div>
      <div class="fact"><dt>Since</dt><dd><Since at={leak.since} between={leak.since_between} /></dd></div>
      <div class="fact"><dt>Objects that stay</dt><dd><Pace value={leak.rate_per_s} /> <PaceBetween between={leak.rate_between} /></dd></div>
      <div class="fact"><dt>Bytes of each</dt><dd><Each leak={leak} /></dd></div>
      <div class="fact"><dt>Births, deaths</dt><dd>{leak.births_per_s === null && leak.deaths_per_s === null ? <span class="none" title="Long-lived objects, or histograms of live objects only">not visible</span> : <><Pace value={leak.births_per_s} />, <Pace value={leak.deaths_per_s} /></>}</dd></div>
      <div class="fact"><dt>Balance</dt><dd><span title={leak.balance === null ? "Births are not visible" : `${exact(leak.balance)}: deaths by births; 0 keeps all that is born, 1 loses as much as it gains`}>{share(leak.balance)}</span></dd></div>
      <div class="fact"><dt>{end ? `${ends(end).charAt(0).toUpperCase()}${ends(end).slice(1)} in` : "Full in"}</dt><dd><End end={end} /></dd></div>
    </dl>
  );
}

function Unknown({ id }: { readonly id: string }) {
  return (
    <section class="blank">
      <h1>There is no leak <code>{plain(id)}</code></h1>
      <p>It may belong to another server, or to a time before its data was deleted.</p>
      <p><a href={link("/leaks", { state: "all" })}>All leaks</a></p>
    </section>
  );
}
