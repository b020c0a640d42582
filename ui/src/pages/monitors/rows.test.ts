import { expect, test } from "vitest";
import { stripOf } from "./rows";

const change = (time: number, before: string, after: string) => ({ time, before, after, labels: { host: "web1" }, monitor: "heap", kind: "query", value: 1, text: "", query: "", level: "ok", was_level: "ok", silenced: "" });

test("a group's changes fill the whole range", () => {
  const [line] = stripOf([change(175, "critical", "ok"), change(125, "ok", "critical")], 100, 200);
  expect(line?.parts).toEqual([{ x: 0, width: 250, state: "ok" }, { x: 250, width: 500, state: "critical" }, { x: 750, width: 250, state: "ok" }]);
});
