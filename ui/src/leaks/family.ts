/** The members of a family in the order in which they say something: the root, what comes one to one, then by number. */
import type { Leak } from "../api/types";
import { count } from "../lib/format";

export interface Member {
  readonly name: string;
  readonly ratio: number;
  /** One to one with the root, and not the root itself. */
  readonly equal: boolean;
}

export function familyOf(leak: Pick<Leak, "family" | "class" | "equals">): Member[] {
  const equals = new Set(leak.equals);
  const members = Object.entries(leak.family).map(([name, ratio]) => ({ name, ratio, equal: name !== leak.class && equals.has(name) }));
  const rank = (member: Member) => (member.name === leak.class ? 0 : member.equal ? 1 : 2);
  return members.sort((a, b) => rank(a) - rank(b) || b.ratio - a.ratio || a.name.localeCompare(b.name));
}

export const ratioText = (ratio: number): string => `× ${count(ratio)}`;
