/** Whether a fix works: each leak before and after at comparable traffic, and what leaks only since. */
import { useEffect, useMemo } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import type { JvmLife, Jvms, Proof as ProofAnswer, Verified, VerifiedSide } from "../../api/types";
import { Badge, ProofVerdict } from "../../leaks/badges";
import { leakMoment, openLeaks } from "../../leaks/open";
import { Conditions, ProofHead, Sides } from "../../leaks/proof";
import { CopyButton, Failure } from "../../lib/controls";
import { count, duration } from "../../lib/format";
import { link, query } from "../../lib/router";
import { ClassName, Time, plain } from "../../lib/text";
import { span } from "../../lib/view";
import { Choose } from "./choose";
import { Curves } from "./curve";
import { chosenService, questionOf, readAsked, servicesOf, type Asked, type Service } from "./sides";

const WITH_CURVES = 8;

export default function Verify() {
  useEffect(() => {
    document.title = "Verify a fix · heapwatch";
    liveFilter.value = {};
  }, []);
  const lives = useApi<Jvms>("jvms", {}, leakMoment.value);
  const services = useMemo(() => servicesOf(lives.data?.jvms ?? []), [lives.data]);
  const leaking = useMemo(() => new Set((openLeaks.value ?? []).map((leak) => leak.service)), [openLeaks.value]);
  const service = chosenService(services, query.value.get("service") ?? "", leaking);
  return (
    <section class="page verify">
      <div class="bar">
        <h1>Verify a fix</h1>
        <p class="note">Leaks before and after a change, at comparable traffic. A flat curve of code that nobody ran proves nothing.</p>
        <span class="spacer" />
        <CopyButton text={() => location.href} title="The address of this comparison">Copy link</CopyButton>
      </div>
      {lives.error && <Failure error={lives.error} onRetry={lives.reload} known={lives.data !== null} />}
      {!lives.data && !lives.error && <div class="page-loading" aria-busy="true"><span class="skeleton wide" /></div>}
      {lives.data && !service && <div class="blank"><h2>No JVM has sent anything yet</h2><p>A fix is proved by histograms of before and after it. How to send some is on the <a href={link("/")}>fleet</a>.</p></div>}
      {service && <Compared services={services} service={service} />}
    </section>
  );
}

function Compared({ services, service }: { readonly services: readonly Service[]; readonly service: Service }) {
  // A moving range must not ask anew every second: halves of it are taken when the page opens or the range changes.
  const range = useMemo(() => span.peek(), [query.value.get("from"), query.value.get("to"), service.name]);
  const asked = useMemo(() => readAsked(query.value, service, range), [query.value, service, range]);
  const question = questionOf(asked);
  // It looks through two stretches of histograms: often enough to see data come, seldom enough not to weigh.
  const answer = useApi<Verified>("verify", question, Math.floor(leakMoment.value / 4));
  return (
    <>
      <Choose services={services} service={service} asked={asked} />
      {!question && <Unasked service={service} asked={asked} />}
      {question && answer.error && <Failure error={answer.error} onRetry={answer.reload} known={answer.data !== null} />}
      {question && !answer.data && !answer.error && <div class="page-loading" aria-busy="true"><span class="skeleton tall" /></div>}
      {question && answer.data && <Answered data={answer.data} asked={asked} service={service} busy={answer.loading} />}
    </>
  );
}

function Unasked({ service, asked }: { readonly service: Service; readonly asked: Asked }) {
  const known = service.versions.map((one) => one.name);
  return (
    <div class="blank">
      <h2>{asked.by === "version" ? (known.length ? "There is no other version to compare with" : "No version is known") : "Two stretches of time are needed"}</h2>
      {asked.by === "version" && <p>{known.length ? <>Of <bdi>{plain(service.name)}</bdi> only {known.map(plain).join(", ")} was chosen or seen.</> : <>The JVMs of <bdi>{plain(service.name)}</bdi> send no label <code>version</code>.</>} Two stretches of time can be compared, too: choose Times.</p>}
    </div>
  );
}

interface AnsweredProps {
  readonly data: Verified;
  readonly asked: Asked;
  readonly service: Service;
  readonly busy: boolean;
}

const ORDER = ["not fixed", "partly fixed", "reduced", "not enough data", "fixed"];

function Answered({ data, asked, service, busy }: AnsweredProps) {
  const proofs = useMemo(() => [...data.proofs].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict)), [data]);
  const counts = ORDER.map((verdict) => [verdict, proofs.filter((proof) => proof.verdict === verdict).length] as const).filter(([, number]) => number > 0);
  return (
    <>
      <div class="card compared" aria-busy={busy}>
        <SideLine title="Before" side={data.before} />
        <SideLine title="After" side={data.after} />
        <ul class="outcome" aria-label="Outcome">
          {counts.map(([verdict, number]) => <li key={verdict}><strong>{count(number)}</strong> <ProofVerdict verdict={verdict} /></li>)}
          {data.new.length > 0 && <li><strong>{count(data.new.length)}</strong> <Badge shape="rise" tone="bad" text="new" help="Leaks after the change, and did not before" /></li>}
          {!counts.length && !data.new.length && <li>nothing to prove</li>}
        </ul>
      </div>
      {data.new.length > 0 && (
        <section class="card new-leaks" aria-label="New leaks">
          <header><Badge shape="rise" tone="bad" text="new" /><h2>Leaks only after the change</h2></header>
          <ul>{data.new.map((name) => <li key={name}><a href={link("/class", { class: name })}><ClassName name={name} /></a></li>)}</ul>
        </section>
      )}
      {proofs.map((proof, index) => <OneProof key={proof.class} proof={proof} data={data} asked={asked} lives={service.lives} drawn={index < WITH_CURVES} />)}
      {proofs.length === 0 && <NothingProved data={data} asked={asked} />}
    </>
  );
}

function SideLine({ title, side }: { readonly title: string; readonly side: VerifiedSide }) {
  return (
    <p class="side-line">
      <strong>{title}</strong>{side.versions.length > 0 && <span>version {side.versions.map(plain).join(", ")}</span>}
      <span>{count(side.jvms)} JVM{side.jvms === 1 ? "" : "s"}</span>
      {side.from !== null && side.to !== null && <span><Time value={side.from} /> – <Time value={side.to} /> <i>{duration(side.to - side.from)}</i></span>}
    </p>
  );
}

function NothingProved({ data, asked }: { readonly data: Verified; readonly asked: Asked }) {
  const what = asked.classes.length ? asked.classes.map(plain).join(", ") : "Nothing";
  return (
    <div class="blank">
      <h2>{asked.classes.length ? `${what} was not found to leak before` : "No leak was found before the change"}</h2>
      <p>{data.before.jvms === 0 ? "No JVM has histograms in that part." : "A leak is found in about forty histograms of one life of a JVM, with three young collections among them; a longer stretch may have them."} {data.new.length === 0 && data.after.jvms > 0 && "Nothing new was found to leak after it."}</p>
    </div>
  );
}

interface OneProofProps {
  readonly proof: ProofAnswer;
  readonly data: Verified;
  readonly asked: Asked;
  readonly lives: readonly JvmLife[];
  readonly drawn: boolean;
}

function OneProof({ proof, data, asked, lives, drawn }: OneProofProps) {
  return (
    <section class="card proof" aria-label={`${proof.class}: ${proof.verdict}`}>
      <ProofHead proof={proof} />
      <div class={drawn ? "proof-body with-curves" : "proof-body"}>
        <div>
          <p class="foot-text">{plain(proof.sentence)}</p>
          <Sides proof={proof} />
          <Conditions proof={proof} />
        </div>
        {drawn && <Curves name={proof.class} data={data} asked={asked} lives={lives} />}
      </div>
    </section>
  );
}
