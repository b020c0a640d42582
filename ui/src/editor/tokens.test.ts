import { describe, expect, test } from "vitest";
import { tokens } from "./tokens";

const kinds = (text: string, language: "metrics" | "yaml" = "metrics") => tokens(text, language).map(({ start, end, kind }) => [text.slice(start, end), kind]);

describe("colours of a query", () => {
  test("operators stand after bars, rows after a hash", () => {
    expect(kinds('#A metric="a | b" | topk(10, max) // why | not')).toEqual([
      ["#A", "row"], ['"a | b"', "text"], ["|", "operator"], ["topk", "operator"], ["10", "number"], ["// why | not", "comment"],
    ]);
  });
  test("a number in a name is none", () => {
    expect(kinds("memleak3.size.** | where max < 100 | quantize to 15s")).toEqual([
      ["|", "operator"], ["where", "operator"], ["100", "number"], ["|", "operator"], ["quantize", "operator"], ["15s", "number"],
    ]);
  });
  test("what is not closed ends with its line, or with the text", () => {
    expect(kinds('a="b\n| sum /* more')).toEqual([['"b', "text"], ["|", "operator"], ["sum", "operator"], ["/* more", "comment"]]);
  });
  test("an apostrophe within a word of YAML begins no text", () => {
    expect(kinds("about: Scala's maps\nunit: 'a'", "yaml").map(([text, kind]) => [text?.trim(), kind])).toEqual([["about", "key"], ["unit", "key"], ["'a'", "text"]]);
  });
  test("keys and comments of YAML", () => {
    expect(kinds("title: A #1 # so\npanels:\n  - query: a=\"b: c\"\n  - {unit: bytes, width: half}", "yaml").map(([text, kind]) => [text?.trim(), kind])).toEqual([
      ["title", "key"], ["#1 # so", "comment"], ["panels", "key"], ["query", "key"], ['"b: c"', "text"], ["unit", "key"], ["width", "key"],
    ]);
  });
});
