import { describe, expect, it } from "vitest";
import type { TokenRow, UserRow } from "../../api/types";
import { hasEnded, hostsOf, isLastAdmin, leavesNobody, mayBind, passwordFault, shownTokens, shownUsers } from "./rules";

const user = (name: string, more: Partial<UserRow> = {}): UserRow => ({ name, role: "viewer", source: "password", created: 1, changed: 1, last_signin: null, sessions: 0, ...more });
const token = (name: string, more: Partial<TokenRow> = {}): TokenRow => ({ id: name, name, scopes: ["ingest"], created: 1, expires: null, last_used: null, hosts: [], ...more });

describe("a password", () => {
  const rules = { password_least: 8, password_most: 10 };
  it("is measured in characters as the server counts them", () => {
    expect(passwordFault("x".repeat(7), rules)).toContain("at least 8");
    expect(passwordFault("x".repeat(8), rules)).toBe("");
    expect(passwordFault("🔑".repeat(7), rules)).toContain("at least 8");
    expect(passwordFault("🔑".repeat(10), rules)).toBe("");
    expect(passwordFault("x".repeat(11), rules)).toContain("at most 10");
  });
});

describe("hosts of a token", () => {
  it("are listed with commas, spaces or lines between them", () => {
    expect(hostsOf(" web-*, edge1\n edge2,,")).toEqual(["web-*", "edge1", "edge2"]);
    expect(hostsOf("  ")).toEqual([]);
  });
  it("bind a token that may send and do nothing else", () => {
    expect([["ingest"], ["ingest", "read"], ["read"], []].map(mayBind)).toEqual([true, false, false, false]);
  });
});

describe("the lists", () => {
  it("find by a part of any word, people of a provider last", () => {
    const users = [user("ann", { source: "oidc" }), user("web10"), user("Web9", { role: "admin" })];
    expect(shownUsers(users, "").map((one) => one.name)).toEqual(["Web9", "web10", "ann"]);
    expect(shownUsers(users, "ADM").map((one) => one.name)).toEqual(["Web9"]);
    const tokens = [token("b", { hosts: ["web-*"] }), token("a", { scopes: ["read"] })];
    expect(shownTokens(tokens, " web").map((one) => one.name)).toEqual(["b"]);
    expect(shownTokens(tokens, "").map((one) => one.name)).toEqual(["a", "b"]);
    expect(shownTokens(tokens, "read").map((one) => one.name)).toEqual(["a"]);
  });
  it("say which tokens have ended", () => {
    expect([null, 9, 10, 11].map((expires) => hasEnded(token("a", { expires }), 10))).toEqual([false, true, true, false]);
  });
});

describe("what a change would mean", () => {
  const ann = user("ann", { role: "admin" });
  it("the last administrator is the last one with a password", () => {
    expect(isLastAdmin(ann, [ann, user("vera")])).toBe(true);
    expect(isLastAdmin(ann, [ann, user("otto", { role: "admin" })])).toBe(false);
    expect(isLastAdmin(ann, [ann, user("otto", { role: "admin", source: "oidc" })])).toBe(true);
    expect(isLastAdmin(user("vera"), [ann, user("vera")])).toBe(false);
  });
  it("without the last user or token the server knows nobody", () => {
    expect(leavesNobody([ann], [])).toBe(true);
    expect(leavesNobody([ann], [token("a")])).toBe(false);
    expect(leavesNobody([user("x", { source: "oidc" })], [token("a")])).toBe(true);
  });
});
