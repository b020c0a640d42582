/** States and verdicts as a shape, a word and a colour, so that none is told by colour alone. */
type Shape = "rise" | "maybe" | "check" | "stop" | "wait" | "half" | "down" | "cross" | "none";
type Tone = "bad" | "warn" | "good" | "quiet";

const PATHS: Readonly<Record<Shape, string>> = {
  rise: "M1 11 11 1v10z",
  maybe: "M1.9 10.2 10.2 1.9v8.3z",
  check: "M1.5 6.5 4.7 9.7 10.5 2.5",
  stop: "M2 2h8v8H2z",
  wait: "M6 1a5 5 0 1 1-.01 0M6 3.2V6l2 1.6",
  half: "M6 1a5 5 0 1 1-.01 0M6 1v10",
  down: "M6 1.5v9M2 6.6l4 4 4-4",
  cross: "M2 2l8 8M10 2l-8 8",
  none: "M2.5 6h7",
};

export function Badge({ shape, tone, text, help }: { readonly shape: Shape; readonly tone: Tone; readonly text: string; readonly help?: string | undefined }) {
  return (
    <span class="leak-badge" data-tone={tone} title={help}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" data-filled={shape === "rise"}><path d={PATHS[shape]} /></svg>
      {text}
    </span>
  );
}

const STATES: Readonly<Record<string, readonly [Shape, Tone, string]>> = {
  confirmed: ["rise", "bad", "Grows, and what grew is not garbage"],
  suspect: ["maybe", "warn", "Grows; whether it is garbage shows after a collection of the old generation"],
  stopped: ["stop", "quiet", "Grows on no live JVM any more; nothing proves why"],
  fixed: ["check", "good", "Proved fixed at comparable traffic"],
};

export function LeakState({ state }: { readonly state: string }) {
  const [shape, tone, help] = STATES[state] ?? (["none", "quiet", ""] as const);
  return <Badge shape={shape} tone={tone} text={state} help={help} />;
}

const VERDICTS: Readonly<Record<string, readonly [Shape, Tone, string]>> = {
  leaking: ["rise", "bad", "A confirmed leak"],
  suspect: ["maybe", "warn", "Something grows; whether it is garbage is open"],
  clean: ["check", "good", "Judged; nothing leaks"],
  undecided: ["wait", "quiet", "Cannot be judged yet"],
};

/** Of a JVM. */
export function Verdict({ verdict, reason }: { readonly verdict: string | undefined; readonly reason?: string }) {
  if (!verdict) return <span class="none" title="Never judged">–</span>;
  const [shape, tone, help] = VERDICTS[verdict] ?? (["none", "quiet", ""] as const);
  return <Badge shape={shape} tone={tone} text={verdict} help={reason ? `${help}: ${reason}` : help} />;
}

const PROOFS: Readonly<Record<string, readonly [Shape, Tone]>> = {
  fixed: ["check", "good"],
  reduced: ["down", "warn"],
  "partly fixed": ["half", "warn"],
  "not fixed": ["cross", "bad"],
  "not enough data": ["wait", "quiet"],
};

/** Of a fix. */
export function ProofVerdict({ verdict }: { readonly verdict: string }) {
  const [shape, tone] = PROOFS[verdict] ?? (["none", "quiet"] as const);
  return <Badge shape={shape} tone={tone} text={verdict} />;
}

export const Acknowledged = ({ by }: { readonly by: string }) => <span class="leak-badge" data-tone="quiet" title={`Acknowledged by ${by}`}><span aria-hidden="true">⚑</span>acknowledged</span>;
