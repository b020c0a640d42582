import { expect, test } from "vitest";
import { nameFrom } from "../../query/keep";
import { marksOf } from "./edit";

const TEXT = "title: x\npanels:\n  - unit: byte\n";
const fault = (line: number, column: number) => ({ line, column, message: "m" });

test("a fault is marked from its column to the end of its line", () => {
  const [mark] = marksOf(TEXT, [fault(3, 11)]);
  expect(TEXT.slice(mark?.start, mark?.end)).toBe("byte");
});

test("a column that is not there marks the line without its indent", () => {
  const [first, far] = marksOf(TEXT, [fault(3, 1), fault(99, 50)]);
  expect(TEXT.slice(first?.start, first?.end)).toBe("- unit: byte");
  expect(far?.start).toBe(TEXT.length);
});

test.each([["Memory leak (copy)", "memory-leak-copy"], ["Über Größe", "uber-gro-e"], ["  --  ", ""], ["x".repeat(80), "x".repeat(64)]])("%s is at %s", (title, name) => {
  expect(nameFrom(title)).toBe(name);
});
