import { describe, expect, test } from "vitest";
import { narrowedBy, scopeEnd, scoped, word } from "./scope";

describe("a search narrowed", () => {
  test.each([
    ["error", { host: ["web1"] }, "host=web1 (error)"],
    ["error OR warn | count", { host: ["web1"], jvm: ["shop"] }, "host=web1 jvm=shop (error OR warn) | count"],
    ["", { host: ["web 1"] }, 'host="web 1"'],
    ["*", { host: ["a", "b"] }, "(host=a OR host=b)"],
    ["* | count", { host: ["*"] }, "* | count"],
    ['"a | b"', { jvm: ["x"] }, 'jvm=x ("a | b")'],
  ])("%s", (search, who, narrowed) => expect(scoped(search, who)).toBe(narrowed));
  test("a bar within quotes ends no scope", () => {
    expect(scopeEnd('"a|b" | c')).toBe(6);
    expect(scopeEnd('"a\\"|b" | c')).toBe(8);
    expect(scopeEnd("abc")).toBe(3);
  });
  test("a word that the language would read otherwise is quoted", () => {
    expect([word("or"), word('a"b'), word("a.b*"), word("a/b")]).toEqual(['"or"', '"a\\"b"', "a.b*", '"a/b"']);
  });
  test("a condition is added, and taken away when it is there", () => {
    expect(narrowedBy("error | count", "host", "a")).toBe("error host=a | count");
    expect(narrowedBy("error host=a | count", "host", "a")).toBe("error | count");
    expect(narrowedBy("host=a", "host", "a")).toBe("*");
    expect(narrowedBy("", "host", "a", true)).toBe("NOT host=a");
    expect(narrowedBy("a OR b", "host", "x")).toBe("(a OR b) host=x");
  });
});
