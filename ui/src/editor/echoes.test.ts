import { expect, test } from "vitest";
import { Echoes } from "./echoes";

test("what was typed comes back later and changes nothing", () => {
  const echoes = new Echoes();
  for (const text of ["f", "fc", "fcd"]) echoes.told(text);
  expect([echoes.isEcho("fc"), echoes.isEcho("fcd")]).toEqual([true, true]);
});

test("a text from elsewhere is none, also one that stood there before", () => {
  const echoes = new Echoes();
  echoes.told("a");
  echoes.told("b");
  expect(echoes.isEcho("b")).toBe(true);
  expect(echoes.isEcho("a")).toBe(false);
  expect(echoes.isEcho("other")).toBe(false);
});
