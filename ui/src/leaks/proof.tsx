/** A verdict on a fix: in plain words first, then both sides in numbers. */
import type { ComponentChildren } from "preact";
import type { Proof, ProofSide } from "../api/types";
import { count, exact, ratio } from "../lib/format";
import { ClassName, plain } from "../lib/text";
import { link } from "../lib/router";
import { ProofVerdict } from "./badges";
import { Pace } from "./figures";
import { paceBetween, share } from "./words";

/** What a verdict means for whoever wants to close the matter. */
export function meaning(proof: Pick<Proof, "verdict" | "residual" | "more_samples" | "why">): string {
  const part = proof.residual === null ? "" : ratio(Math.max(0, proof.residual));
  switch (proof.verdict) {
    case "fixed":
      return "It does not grow any more at comparable traffic.";
    case "reduced":
      return `Much less than before, but it still leaks${part && `: ${part} is left`}.`;
    case "partly fixed":
      return `Only a part is fixed${part && `: ${part} is left`}.`;
    case "not fixed":
      return "It grows as before.";
    default:
      return proof.more_samples > 0 ? `${count(proof.more_samples)} more histogram${proof.more_samples === 1 ? "" : "s"} after the change ${proof.more_samples === 1 ? "is" : "are"} needed.` : proof.why ? `${proof.why.charAt(0).toUpperCase()}${proof.why.slice(1)}.` : "Nothing can be said yet.";
  }
}

const ROWS: readonly { readonly title: string; readonly help: string; readonly cell: (side: ProofSide, unit: number) => ComponentChildren }[] = [
  { title: "Grows by", help: "Objects of the class that come more than go (Theil-Sen slope)", cell: (side, unit) => <Pace value={side.slope_per_s} beside={unit} /> },
  { title: "95 % interval", help: "Of that slope", cell: (side, unit) => paceBetween(side.between, unit) },
  { title: "Births", help: "How many come into being", cell: (side, unit) => <Pace value={side.births_per_s} beside={unit} /> },
  { title: "Deaths", help: "How many are collected", cell: (side, unit) => <Pace value={side.deaths_per_s} beside={unit} /> },
  { title: "Balance", help: "Deaths by births: 0 keeps all that is born, 1 loses as much as it gains", cell: (side) => <span title={exact(side.balance)}>{share(side.balance)}</span> },
  { title: "Histograms", help: "After warm-up", cell: (side) => count(side.samples) },
];

export function Sides({ proof }: { readonly proof: Proof }) {
  const unit = Math.max(0, ...[proof.before, proof.after].map((side) => Math.abs(side?.slope_per_s ?? 0)));
  return (
    <table class="plain-table sides" aria-label={`${plain(proof.class)} before and after`}>
      <thead><tr><td /><th scope="col" class="number">Before</th><th scope="col" class="number">After</th></tr></thead>
      <tbody>
        {ROWS.map((row) => (
          <tr key={row.title}>
            <th scope="row" title={row.help}>{row.title}</th>
            <td class="number">{proof.before ? row.cell(proof.before, unit) : "–"}</td>
            <td class="number">{proof.after ? row.cell(proof.after, unit) : "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const NOTHING = 0.005;

/** How comparable the traffic was, what is left, what is missing. */
export function Conditions({ proof }: { readonly proof: Proof }) {
  return (
    <ul class="conditions">
      <li title="Births after by births before: a flat curve of code that nobody ran proves nothing">exposure {proof.exposure === null ? "not known" : <strong title={exact(proof.exposure)}>{ratio(proof.exposure)}</strong>}{proof.exposure !== null && " of the traffic before"}</li>
      {proof.residual !== null && <li>{proof.residual < NOTHING ? "nothing of the leak is left" : <><strong>{ratio(proof.residual)}</strong> of the leak is left</>}</li>}
      {proof.more_samples > 0 && <li><strong>{count(proof.more_samples)}</strong> more histograms needed</li>}
      {proof.why && <li>{plain(proof.why)}</li>}
    </ul>
  );
}

/** Heading of a proof: verdict, class, and what that means. */
export function ProofHead({ proof }: { readonly proof: Proof }) {
  return (
    <header>
      <ProofVerdict verdict={proof.verdict} />
      <h2><a href={link("/class", { class: proof.class })}><ClassName name={proof.class} /></a></h2>
      <p class="meaning">{meaning(proof)}</p>
    </header>
  );
}

