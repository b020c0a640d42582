/** What monitors say: all of them, or one; who is silenced; and where nothing is watched yet, how that begins. */
import { useEffect } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import { CopyButton } from "../../lib/controls";
import { count } from "../../lib/format";
import { link, path } from "../../lib/router";
import { plain, Time } from "../../lib/text";
import { now } from "../../lib/view";
import { Card, Part } from "../doors/card";
import { Wide } from "../workflows/parts";
import { EXAMPLE } from "./example";
import { One, State } from "./one";
import { Silences } from "./silences";
import type { MonitorRow, Monitors as Answer, Silences as Known } from "../../api/types";

export default function Monitors() {
  const name = decodeURIComponent(path.value.slice("/monitors/".length));
  useEffect(() => {
    document.title = `${name || "Monitors"} · heapwatch`;
    liveFilter.value = {};
  }, [name]);
  const tick = Math.floor(now.value / 5000);
  const silences = useApi<Known>("monitors/silences", {}, tick);
  return (
    <section class="page monitors">
      <div class="bar"><h1>{name ? plain(name) : "Monitors"}</h1><span class="spacer" />{name && <a class="button" href={link("/monitors")}>All monitors</a>}</div>
      {name ? <One name={name} tick={tick} onSilence={silences.reload} /> : <All tick={tick} />}
      <Card title="Silences"><Part of={silences}>{(data) => <Silences rows={data.silences.filter((one) => one.ends > now.value)} onDone={silences.reload} />}</Part></Card>
    </section>
  );
}

function All({ tick }: { readonly tick: number }) {
  const answer = useApi<Answer>("monitors", {}, tick);
  return (
    <Card title="All" {...(answer.data?.monitors.length ? { note: count(answer.data.monitors.length) } : {})}>
      <Part of={answer}>{(data) => (data.monitors.length ? <Rows rows={data.monitors} /> : <None files={data.files} />)}</Part>
    </Card>
  );
}

const None = ({ files }: { readonly files: readonly string[] }) => (
  <div class="nothing">
    <p>{files.length ? <>No monitor is in {files.map((file) => <code key={file}>{plain(file)}</code>)}.</> : <>No monitors. Put this into a file such as <code>/etc/heapwatch/monitors/heap.yml</code> and give the server its folder: <code>heapwatch serve --monitors /etc/heapwatch/monitors/</code>.</>} To begin with:</p>
    <pre class="example" tabIndex={0} aria-label="A file of monitors">{EXAMPLE}</pre>
    <p class="note"><CopyButton text={() => EXAMPLE} title="Copy the file">Copy</CopyButton> <code>heapwatch monitor check FILE</code> says what is wrong in a file, with line and column; <code>POST /-/reload</code> reads files again.</p>
  </div>
);

const Rows = ({ rows }: { readonly rows: readonly MonitorRow[] }) => (
  <Wide label="Monitors">
    <thead><tr><th scope="col">State</th><th scope="col">Monitor</th><th scope="col">Kind</th><th scope="col" class="number">Groups</th><th scope="col">Since</th><th scope="col">Looks at</th></tr></thead>
    <tbody>{rows.map((row) => (
      <tr key={row.name}>
        <td>{row.enabled ? <State value={row.state} /> : "off"}</td><td><a href={link(`/monitors/${encodeURIComponent(row.name)}`)} title={plain(row.description)}>{plain(row.name)}</a></td><td>{row.kind}</td>
        <td class="number">{count(Object.values(row.counts).reduce((sum, one) => sum + one, 0))}</td><td><Time value={row.since} /></td><td><code>{plain(row.query)}</code></td>
      </tr>
    ))}</tbody>
  </Wide>
);
