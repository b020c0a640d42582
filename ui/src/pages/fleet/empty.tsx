/** Nothing has ever arrived: how to make something arrive, ready to copy. */
import { CopyButton } from "../../lib/controls";

export function Empty() {
  const server = location.origin;
  const ways = [
    { title: "Watch the JVMs of this machine", note: "Finds them, samples within a pause budget, sends here.", command: `heapwatch-agent run --server ${server}` },
    { title: "Server and agent in one", note: "On a machine of its own, for a quick look.", command: "heapwatch up" },
    { title: "Send one histogram", note: "From any JVM you can run jmap on.", command: `jmap -histo PID | curl --data-binary @- '${server}/api/v1/histogram?host='$(hostname)'&jvm=my-service'` },
    { title: "Send Graphite lines", note: "What already speaks the line protocol.", command: `cat histogram-in-graphite | nc -q0 ${location.hostname} 2003` },
  ];
  return (
    <div class="blank">
      <h2>No JVM has sent anything yet</h2>
      <p>Any of these makes rows appear here, without loading the page again.</p>
      <ul class="ways">
        {ways.map((way) => (
          <li key={way.title}>
            <h3>{way.title}</h3>
            <p class="hint">{way.note}</p>
            <div class="command"><code>{way.command}</code><CopyButton text={() => way.command} title="Copy the command">Copy</CopyButton></div>
          </li>
        ))}
      </ul>
      <p class="hint">Data older than the time range? Pick a longer one above.</p>
    </div>
  );
}
