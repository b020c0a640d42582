/** What may be typed, who is shown, and what a change would mean for who gets in. */
import type { TokenRow, UserRow, UserRules } from "../../api/types";

export const ROLES = [
  { name: "viewer", may: "sees everything" },
  { name: "operator", may: "sees everything, acknowledges leaks" },
  { name: "admin", may: "everything: users, tokens, dashboards and the audit, too" },
] as const;

export const SCOPES = [
  { name: "ingest", may: "sends histograms, metrics and logs; sees nothing" },
  { name: "read", may: "sees everything; sends nothing" },
  { name: "act", may: "acknowledges leaks; sees nothing by itself" },
  { name: "admin", may: "all of it, and users, tokens, dashboards and the audit" },
] as const;

/** When a token ends, as the server reads it. */
export const ENDS = [
  { value: "", title: "never" },
  { value: "now+30d", title: "in 30 days" },
  { value: "now+90d", title: "in 90 days" },
  { value: "now+365d", title: "in a year" },
] as const;

/** The server counts characters, not the halves of which JavaScript makes some. */
const characters = (text: string): number => [...text].length;

export const passwordRule = (rules: UserRules): string => `${rules.password_least} to ${rules.password_most} characters; length protects it best.`;

export function passwordFault(text: string, rules: UserRules): string {
  const length = characters(text);
  if (length < rules.password_least) return `A password has at least ${rules.password_least} characters.`;
  return length > rules.password_most ? `A password has at most ${rules.password_most} characters.` : "";
}

/** `web-*, edge1` as the patterns that it lists. */
export const hostsOf = (text: string): readonly string[] => text.split(/[\s,]+/).filter(Boolean);

/** Hosts bind what a token sends, so it may do nothing else. */
export const mayBind = (scopes: readonly string[]): boolean => scopes.length === 1 && scopes[0] === "ingest";

const has = (text: string, parts: readonly string[]): boolean => parts.some((part) => part.toLowerCase().includes(text.trim().toLowerCase()));

const byName = (one: { readonly name: string }, other: { readonly name: string }): number => one.name.localeCompare(other.name, "en", { numeric: true });

export const shownUsers = (users: readonly UserRow[], text: string): readonly UserRow[] =>
  users.filter((user) => has(text, [user.name, user.role])).sort((one, other) => Number(one.source === "oidc") - Number(other.source === "oidc") || byName(one, other));

export const shownTokens = (tokens: readonly TokenRow[], text: string): readonly TokenRow[] =>
  tokens.filter((token) => has(text, [token.name, ...token.scopes, ...token.hosts])).sort(byName);

export const hasEnded = (token: TokenRow, now: number): boolean => token.expires !== null && token.expires <= now;

const withPassword = (users: readonly UserRow[]): readonly UserRow[] => users.filter((user) => user.source === "password");

/** Whether nobody else with a password could change users afterwards. */
export function isLastAdmin(user: UserRow, users: readonly UserRow[]): boolean {
  return user.role === "admin" && user.source === "password" && !withPassword(users).some((other) => other.name !== user.name && other.role === "admin");
}

/** Whether the server would know nobody any more; a provider, if there is one, is the server's to say. */
export const leavesNobody = (users: readonly UserRow[], tokens: readonly TokenRow[]): boolean => withPassword(users).length + tokens.length <= 1;
