import { describe, expect, test } from "vitest";
import type { Variable } from "../../api/types";
import { chosen, fitting, inWords, retitled, substitute, type Values } from "./variables";

type Case = { readonly text: string; readonly values: Values; readonly becomes: string };
/** The server's tests have the same cases. */
const CASES = Object.values(import.meta.glob<readonly Case[]>("../../../../tests/web/variables.json", { eager: true, import: "default" })).flat();

test.each(CASES)("$text becomes $becomes", ({ text, values, becomes }) => expect(substitute(text, values)).toBe(becomes));

test("a name from the object's own kin is no variable", () => {
  expect(substitute("a=$constructor b=$host", { host: ["x"] })).toBe("a=$constructor b=x");
  expect(inWords("$constructor", {})).toBe("$constructor");
});

test("a title has its values in words", () => {
  expect(inWords("Memory of $host, ${jvm}s of $nobody", { host: ["a", "b"], jvm: ["*"] })).toBe("Memory of a, b, alls of $nobody");
});

describe("what is chosen", () => {
  const variable = (more: Partial<Variable>): Variable => ({ name: "host", title: "", kind: "text", label: "", query: "", choices: [], many: false, default: "", ...more });
  const hour = { from: 0, to: 3_600_000 };
  const of = (more: Partial<Variable>, address = "") => chosen({ variables: [variable(more)] }, new URLSearchParams(address), hour)["host"];
  test("the address goes before the default", () => {
    expect(of({ default: "web1" })).toEqual(["web1"]);
    expect(of({ default: "web1" }, "v.host=web2&v.host=web3")).toEqual(["web2"]);
    expect(of({ default: ["a", "b"], many: true }, "v.host=web2&v.host=web3")).toEqual(["web2", "web3"]);
    expect(of({ default: ["a", "b"], many: true })).toEqual(["a", "b"]);
  });
  test("without either it is all, the first choice, or what fits", () => {
    expect(of({})).toEqual(["*"]);
    expect(of({ kind: "choice", choices: ["x", "y"] })).toEqual(["x"]);
    expect(of({ kind: "interval" })).toEqual(["15s"]);
    expect(of({ kind: "interval" }, "v.host=5m")).toEqual(["5m"]);
  });
  test.each([[60_000, "1s"], [3_600_000, "15s"], [86_400_000, "5m"], [30 * 86_400_000, "6h"], [3650 * 86_400_000, "1d"]])("for %d ms a point every %s", (width, step) => {
    expect(fitting({ from: 0, to: width })).toBe(step);
  });
});

test("a copy gets its own title, whatever is in it", () => {
  expect(retitled("# mine\ntitle: Old\npanels: []\n", "New $& \"x\"")).toBe('# mine\ntitle: "New $& \\"x\\""\npanels: []\n');
  expect(retitled("panels: []\n", "x")).toBe('title: "x"\npanels: []\n');
});
