/** Who made the series, JVMs and classes, how near that is to the limits, and with which labels. */
import type { Resource } from "../../api/resource";
import type { Cardinality, MakerRow } from "../../api/types";
import { count, exact, ratio } from "../../lib/format";
import { here } from "../../lib/router";
import { Ago, plain } from "../../lib/text";
import { Card, Part } from "./card";
import { makerParts, wideLabels } from "./rows";

const FEW = 8;

export function Series({ answer, whole }: { readonly answer: Resource<Cardinality>; readonly whole: boolean }) {
  return (
    <Card title="Series" note="and JVMs and classes, by who sent them within a day">
      <Part of={answer}>{(found) => <Report found={found} whole={whole} />}</Part>
    </Card>
  );
}

function Report({ found, whole }: { readonly found: Cardinality; readonly whole: boolean }) {
  const makers = whole ? found.makers : found.makers.slice(0, FEW);
  return (
    <>
      <div class="series-use">
        <span title={`${exact(found.used)} of ${exact(found.max_series)}`}>{count(found.used)} of {count(found.max_series)} (<code>max_series</code>), {ratio(found.used / found.max_series)}: {count(found.series)} series, {count(found.jvms)} JVMs, {count(found.classes)} classes</span>
        <Meter label="Series, JVMs and classes of all that may be" value={found.used} most={found.max_series} />
        <span class="note">One sender may have {count(found.sender_series)} (<code>sender_series</code>).</span>
      </div>
      {makers.length ? (
        <div class="sideways" tabIndex={0} role="group" aria-label="Senders of series, a wide table">
          <table class="plain-table" aria-label="Senders of series">
            <thead><tr><th scope="col">Door</th><th scope="col">Sender</th><th scope="col" class="number">Series</th><th scope="col" class="number">JVMs</th><th scope="col" class="number">Classes</th><th scope="col">Of its limit</th><th scope="col" class="number">Refused</th><th scope="col" class="number">Last refused</th><th scope="col">Made of</th></tr></thead>
            <tbody>{makers.map((maker) => <Maker key={maker.maker} maker={maker} limit={found.sender_series} />)}</tbody>
          </table>
        </div>
      ) : <p class="no-match">No metric was sent within a day.</p>}
      {makers.length < found.makers.length && <p class="foot"><a href={here({ show: "series" })}>{count(found.makers.length - makers.length)} more senders</a></p>}
    </>
  );
}

function Maker({ maker, limit }: { readonly maker: MakerRow; readonly limit: number }) {
  const { door, sender } = makerParts(maker.maker);
  return (
    <tr>
      <td>{plain(door)}</td><td><bdi>{plain(sender)}</bdi></td><td class="number" title={exact(maker.series)}>{count(maker.series)}</td>
      <td class="number" title={exact(maker.jvms)}>{count(maker.jvms)}</td><td class="number" title={exact(maker.classes)}>{count(maker.classes)}</td>
      <td class="narrow"><Meter label={`Made by ${maker.maker}`} value={maker.used} most={limit} /></td>
      <td class="number" title={exact(maker.refused)}>{maker.refused ? <a href={here({ show: "refused", door, reason: "too-many-series" })}>{count(maker.refused)}</a> : "0"}</td>
      <td class="number">{maker.refused ? <Ago value={maker.last_refused} /> : "–"}</td>
      <td class="words"><Made maker={maker} /></td>
    </tr>
  );
}

function Made({ maker }: { readonly maker: MakerRow }) {
  if (!maker.metrics.length && !maker.labels.length && !maker.examples.length) return null;
  const wide = wideLabels(maker);
  const many = (each: readonly { name: string; number: number }[]) => each.map(({ name, number }) => `${plain(name)} ${count(number)}`).join(", ");
  return (
    <details open={maker.refused > 0}>
      <summary>{wide.length ? <>the label <strong>{wide.map(({ name }) => plain(name)).join(", ")}</strong> has {count(wide[0]?.values)} values</> : `${count(maker.metrics.length)} metrics with most`}</summary>
      <dl class="made">
        {maker.metrics.length > 0 && <><dt>Metrics</dt><dd>{many(maker.metrics.map(({ name, series }) => ({ name, number: series })))}</dd></>}
        {maker.labels.length > 0 && <><dt>Values of labels</dt><dd>{many(maker.labels.map(({ name, values }) => ({ name, number: values })))}</dd></>}
        {maker.examples.length > 0 && <><dt>Refused, such as</dt><dd>{maker.examples.map((example, index) => <code key={index}>{plain(example)}</code>)}</dd></>}
      </dl>
    </details>
  );
}

function Meter({ label, value, most }: { readonly label: string; readonly value: number; readonly most: number }) {
  const full = most > 0 ? Math.min(1, value / most) : 0;
  return (
    <span class="meter plain" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={most} aria-valuenow={Math.min(value, most)} data-full={full >= 0.9}>
      <span style={{ width: `${100 * full}%` }} />
    </span>
  );
}
