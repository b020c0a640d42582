/** Finding a class by a part of its name. */
import { useState } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { ClassNames } from "../../api/types";
import { Failure, Filter } from "../../lib/controls";
import { count } from "../../lib/format";
import { go, link, patch, query } from "../../lib/router";
import { Table } from "../../lib/table";
import { ClassName, plain } from "../../lib/text";

const ROW = 28;
const MOST = 1000;

export function Search() {
  const match = query.value.get("match") ?? "";
  const answer = useApi<ClassNames>("class_names", { match, limit: MOST });
  const [generation, setGeneration] = useState(0);
  const names = answer.data?.classes ?? [];
  return (
    <section class="page">
      <div class="bar">
        <h1>Classes</h1>
        <Filter label="Find a class" placeholder="part of a name or a pattern" value={match} width={380} onChange={(text) => { patch({ match: text }); setGeneration(generation + 1); }} />
        {match && <a class="button" href={link("/class", { class: match.includes("*") ? match : `*${match}*` })}>All that match, together</a>}
        <span class="spacer" />
        {answer.data && <p class="tally"><strong>{count(answer.data.total)}</strong> classes{answer.data.total > names.length ? `, the first ${count(names.length)} shown` : ""}</p>}
      </div>
      {answer.error ? <Failure error={answer.error} onRetry={answer.reload} known={answer.data !== null} /> : null}
      {(answer.data || !answer.error) && (
        <section class="card fill-rest">
          <Table label="Class names" total={answer.data ? names.length : 12} rowAt={(index) => (answer.data ? names[index] : undefined)} rowKey={(name) => name} rowHeight={ROW} generation={generation}
            columns={[{ key: "class", title: "Class", sortable: false, cell: (name) => <a href={link("/class", { class: name })}><ClassName name={name} /></a>, hover: plain }]}
            onOpen={(name) => go(link("/class", { class: name }))} outdated={answer.loading && answer.data !== null}
            empty={<p class="no-match">{match ? `No class is called like “${match}”.` : "No class has been seen yet."}</p>} />
        </section>
      )}
    </section>
  );
}
