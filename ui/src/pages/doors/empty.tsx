/** Nothing has arrived: the three shortest ways to send something, ready to copy. */
import { CopyButton } from "../../lib/controls";

export function Empty({ graphite }: { readonly graphite: string }) {
  const server = location.origin;
  const port = graphite.match(/:(\d+)$/)?.[1];
  const line = port
    ? { title: "Send a Graphite line", command: `echo "test.arrives 1 $(date +%s)" | nc -q0 ${location.hostname} ${port}` }
    : { title: "Send a metric by HTTP", command: `echo 'test_arrives 1' | curl -sSf --data-binary @- '${server}/api/v1/import/prometheus'` };
  const ways = [
    { title: "Watch the JVMs of a machine", command: `heapwatch-agent run --server ${server}` },
    line,
    { title: "Send one histogram", command: `jmap -histo PID | curl -sSf --data-binary @- '${server}/api/v1/histogram?host='$(hostname)'&jvm=my-service&pid=PID'` },
  ];
  return (
    <section class="card nothing" aria-label="Nothing has arrived yet">
      <h2>Nothing has arrived yet</h2>
      <p class="hint">Each of these makes something appear below, without loading the page again. What is refused appears, too, with the reason.</p>
      <ul class="ways">
        {ways.map((way) => (
          <li key={way.title}>
            <h3>{way.title}</h3>
            <div class="command"><code>{way.command}</code><CopyButton text={() => way.command} title="Copy the command">Copy</CopyButton></div>
          </li>
        ))}
      </ul>
    </section>
  );
}
