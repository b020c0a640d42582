import { describe, expect, it } from "vitest";
import { Pager, type Fetch } from "./pager";
import { nextSort, windowOf } from "./table";

/** A server of `total` rows that answers when told to. */
function server(total: () => number) {
  const waiting: { offset: number; answer: () => void; fail: () => void; aborted: () => boolean }[] = [];
  const fetch: Fetch<string, null> = (offset, limit, abort) =>
    new Promise((resolve, reject) => {
      const rows = () => Array.from({ length: Math.max(0, Math.min(limit, total() - offset)) }, (_, index) => `row ${offset + index}`);
      waiting.push({ offset, answer: () => resolve({ total: total(), rows: rows(), head: null }), fail: () => reject(new Error("down")), aborted: () => abort.aborted });
    });
  return { fetch, waiting };
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("rows that come in chunks", () => {
  it("are asked for as they come into sight, and only once", async () => {
    const { fetch, waiting } = server(() => 1000);
    const pager = new Pager<string, null>(() => {}, 100);
    expect(pager.show("all", "1", fetch)).toBe(true);
    waiting[0]?.answer();
    await settled();
    pager.want(250, 310);
    pager.want(251, 311);
    expect(waiting.map((one) => one.offset)).toEqual([0, 200, 300]);
    expect(pager.row(250)).toBeUndefined();
    waiting[1]?.answer();
    await settled();
    expect(pager.row(250)).toBe("row 250");
    expect(pager.total).toBe(1000);
  });

  it("stay while the next moment is fetched, but not for another view", async () => {
    const { fetch, waiting } = server(() => 10);
    const pager = new Pager<string, null>(() => {}, 100);
    pager.show("all", "1", fetch);
    waiting[0]?.answer();
    await settled();
    expect(pager.show("all", "2", fetch)).toBe(false);
    expect(pager.row(3)).toBe("row 3");
    expect(pager.outdated).toBe(false);
    expect(pager.show("filtered", "2", fetch)).toBe(true);
    expect(pager.outdated).toBe(true);
    expect(waiting[1]?.aborted()).toBe(true);
    waiting[2]?.answer();
    await settled();
    expect(pager.outdated).toBe(false);
  });

  it("shrink with their number, and an error leaves what is known", async () => {
    let total = 300;
    const { fetch, waiting } = server(() => total);
    const pager = new Pager<string, null>(() => {}, 100);
    pager.show("all", "1", fetch);
    waiting[0]?.answer();
    await settled();
    pager.want(0, 250);
    waiting[1]?.answer();
    waiting[2]?.answer();
    await settled();
    expect(pager.row(250)).toBe("row 250");
    total = 40;
    pager.show("all", "2", fetch);
    waiting[3]?.answer();
    waiting[4]?.fail();
    await settled();
    expect(pager.total).toBe(40);
    expect(pager.row(250)).toBeUndefined();
    expect(pager.row(39)).toBe("row 39");
    expect(String(pager.error)).toContain("down");
  });
});

it("a table of a million rows holds those in sight and a margin", () => {
  expect(windowOf(0, 600, 26, 1_000_000)).toEqual({ first: 0, end: 34 });
  const { first, end } = windowOf(26 * 500_000, 600, 26, 1_000_000);
  expect(first).toBe(499_990);
  expect(end - first).toBeLessThan(50);
  expect(windowOf(99_999, 600, 26, 5)).toEqual({ first: 0, end: 5 });
});

it("numbers are first sorted from the largest, names from A", () => {
  expect(nextSort({ key: "bytes", number: true }, undefined)).toEqual({ key: "bytes", order: "desc" });
  expect(nextSort({ key: "bytes", number: true }, { key: "bytes", order: "desc" })).toEqual({ key: "bytes", order: "asc" });
  expect(nextSort({ key: "class" }, { key: "bytes", order: "desc" })).toEqual({ key: "class", order: "asc" });
});
