/** How the server itself is. */
import type { Status } from "../../api/types";
import { bytes, count, duration, exact, moment } from "../../lib/format";

export function Facts({ answer }: { readonly answer: Status }) {
  const rows = Object.values(answer.rows).reduce((sum, one) => sum + one, 0);
  const kept = Object.entries(answer.retention ?? {}).map(([name, days]) => `${name.replace(/_/g, " ")}: ${days}`).join("\n");
  const facts = [
    { name: "Version", value: answer.version },
    { name: "Up for", value: duration(answer.uptime_s * 1000), title: `since ${moment(answer.started)}` },
    { name: "Engine", value: answer.engine },
    { name: "Rows", value: count(rows), title: Object.entries(answer.rows).map(([table, number]) => `${table}: ${exact(number)}`).join("\n") },
    { name: "On disk", value: bytes(answer.disk_bytes), title: [exact(answer.disk_bytes, "bytes"), kept && `kept, ${kept}`].filter(Boolean).join("\n") },
    { name: "Bytes a row", value: rows ? (answer.disk_bytes / rows).toFixed(1) : "–" },
  ];
  return (
    <dl class="facts">
      {facts.map(({ name, value, title }) => <div class="fact" key={name}><dt>{name}</dt><dd title={title}>{value}</dd></div>)}
    </dl>
  );
}
