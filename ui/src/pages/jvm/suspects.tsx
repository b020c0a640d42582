/** What is known to leak in these JVMs, above everything else: the verdict, when they end, each family's sentence. */
import { useMemo } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { JvmVerdict, Leak, Verdicts } from "../../api/types";
import { Acknowledged, LeakState, Verdict } from "../../leaks/badges";
import { End } from "../../leaks/figures";
import { leakMoment, openLeaks } from "../../leaks/open";
import { ends } from "../../leaks/words";
import { here, link } from "../../lib/router";
import { Ago, ClassName, plain } from "../../lib/text";

interface Props {
  readonly host: readonly string[];
  readonly jvm: readonly string[];
}

const MOST = 6;

const lifeOf = (one: Pick<JvmVerdict, "host" | "jvm" | "pid" | "started">) => `${one.host} ${one.jvm} ${one.pid} ${one.started}`;

/** Of each JVM its newest life. */
export function newestVerdicts(verdicts: readonly JvmVerdict[]): JvmVerdict[] {
  const found = new Map<string, JvmVerdict>();
  for (const one of verdicts) {
    const key = `${one.host} ${one.jvm}`;
    const known = found.get(key);
    if (!known || one.started > known.started) found.set(key, one);
  }
  return [...found.values()];
}

export const leaksOf = (leaks: readonly Leak[], verdicts: readonly JvmVerdict[]): Leak[] => {
  const ids = new Set(verdicts.flatMap((one) => one.leaks));
  return leaks.filter((leak) => ids.has(leak.id));
};

export default function Suspects({ host, jvm }: Props) {
  const answer = useApi<Verdicts>("verdicts", { host, jvm }, leakMoment.value);
  const verdicts = useMemo(() => newestVerdicts(answer.data?.jvms ?? []), [answer.data]);
  const leaks = useMemo(() => leaksOf(openLeaks.value ?? [], verdicts), [openLeaks.value, verdicts]);
  if (!verdicts.some((one) => one.verdict)) return null;
  return (
    <section class="card suspects" aria-label="Leaks of this JVM">
      <ul class="verdicts">
        {verdicts.slice(0, MOST).map((one) => <OneVerdict key={lifeOf(one)} verdict={one} alone={verdicts.length === 1} />)}
        {verdicts.length > MOST && <li class="note">and {verdicts.length - MOST} more JVMs</li>}
      </ul>
      {leaks.length > 0 && (
        <ul class="suspect-list">
          {leaks.map((leak) => (
            <li key={leak.id}>
              <p class="suspect-name"><LeakState state={leak.state} /> <a class="strong" href={link(`/leaks/${encodeURIComponent(leak.id)}`)}>{leak.class ? <ClassName name={leak.class} /> : leak.kind}</a>{leak.acknowledged && <Acknowledged by={leak.acknowledged.by} />} <a class="quiet-link" href={link("/class", { class: leak.class })}>on all hosts</a></p>
              <p class="sentence">{plain(leak.sentence)}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function OneVerdict({ verdict, alone }: { readonly verdict: JvmVerdict; readonly alone: boolean }) {
  return (
    <li>
      <Verdict verdict={verdict.verdict} reason={plain(verdict.reason)} />
      {!alone && <a href={here({ host: verdict.host, jvm: verdict.jvm })}><bdi>{plain(verdict.host)}</bdi></a>}
      {verdict.reason && <span>{plain(verdict.reason)}</span>}
      {verdict.exhaustions.map((end) => <span key={end.resource} class="ends">{ends(end)} in <End end={end} host={false} /></span>)}
      {verdict.at !== null && <i>judged <Ago value={verdict.at} /></i>}
    </li>
  );
}
