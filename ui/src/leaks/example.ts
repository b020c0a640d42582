/** A leak for tests. */
import type { Leak } from "../api/types";

export const leak = (more: Partial<Leak> = {}): Leak => ({
  id: "1", service: "story", class: "memleak.Child", family: { "byte[]": 7.997, "memleak.Child": 1, "akka.actor.ActorCell": 1 }, equals: ["memleak.Child", "akka.actor.ActorCell"],
  kind: "heap", state: "confirmed", scope: "systemic", hosts: ["h1", "h2"], clean: ["h3"], undecided: [], versions: {}, jvms: [],
  since: 1000, since_between: [500, 2500], rate_per_s: 41, rate_between: [39, 43], bytes_per_leak: 9800, births_per_s: null, deaths_per_s: null, balance: null, exhaustion: null,
  sentence: "memleak.Child leaks.", evidence: [{ text: "it began at 14:02" }, { text: "40 are born and 0 die a second: load explains none of it" }],
  opened: 1, changed: 2, acknowledged: null, proof: null, history: [], ...more,
});
