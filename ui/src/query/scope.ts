/** A search in logs narrowed to hosts and JVMs. Texts are put together, not understood: that is the server's. */
const BARE = /^[\w.*-]+$/;

export const word = (text: string): string => (BARE.test(text) && !/^(and|or|not)$/i.test(text) ? text : `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`);

function one(label: string, values: readonly string[] | undefined): string {
  const told = (values ?? []).filter((value) => value !== "" && value !== "*");
  if (!told.length) return "";
  if (told.length === 1) return `${label}=${word(told[0] as string)}`;
  return `(${told.map((value) => `${label}=${word(value)}`).join(" OR ")})`;
}

/** Where the scope ends and operators begin: the first bar outside of quotes. */
export function scopeEnd(query: string): number {
  let quoted = false;
  for (let i = 0; i < query.length; i++) {
    const letter = query[i];
    if (letter === "\\" && quoted) i++;
    else if (letter === '"') quoted = !quoted;
    else if (letter === "|" && !quoted) return i;
  }
  return query.length;
}

export function scoped(search: string, who: { readonly host?: readonly string[]; readonly jvm?: readonly string[] }): string {
  const narrowed = [one("host", who.host), one("jvm", who.jvm)].filter(Boolean).join(" ");
  const end = scopeEnd(search);
  const scope = search.slice(0, end).trim();
  const rest = search.slice(end);
  if (!narrowed) return search;
  const kept = !scope || scope === "*" ? narrowed : `${narrowed} (${scope})`;
  return rest ? `${kept} ${rest}` : kept;
}

/** The query with one more condition in its scope, or with it taken away when it stands there already. */
export function narrowedBy(query: string, label: string, value: string, not = false): string {
  const condition = `${not ? "NOT " : ""}${label}=${word(value)}`;
  const end = scopeEnd(query);
  const scope = query.slice(0, end).trim();
  const rest = query.slice(end);
  const parts = scope === "*" ? "" : scope;
  if (!not && ` ${parts} `.includes(` ${condition} `)) {
    const left = ` ${parts} `.replace(` ${condition} `, " ").trim() || "*";
    return rest ? `${left} ${rest}` : left;
  }
  const wrapped = /\sor\s/i.test(parts) && !/^\(.*\)$/.test(parts) ? `(${parts})` : parts;
  const next = wrapped ? `${wrapped} ${condition}` : condition;
  return rest ? `${next} ${rest}` : next;
}
