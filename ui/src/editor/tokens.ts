/** Words, texts, numbers and comments told apart for their colours, and no more: what a query means the server says. */
export type Language = "metrics" | "logs" | "yaml";

export interface Token {
  readonly start: number;
  readonly end: number;
  readonly kind: "comment" | "text" | "number" | "operator" | "row" | "key";
}

const QUERY = /(?<comment>\/\/[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<text>"(?:\\.|[^"\\\n])*"?)|(?<row>#[A-Z]\b)|(?<bar>\|\s*)(?<operator>[A-Za-z_]\w*)?|(?<number>(?<![\w.*$-])\d+(?:\.\d+)?(?:ms|[smhd])?(?![\w.*$]))/g;
const YAML = /(?<comment>(?<=^|\s)#[^\n]*)|(?<text>(?<=^|[\s[{,=(])(?:"(?:\\.|[^"\\])*"?|'(?:''|[^'])*'?))|(?<key>(?<=^|[\n{,]|- )[ \t]*[A-Za-z_][\w-]*(?=:(?:\s|$)))/g;

export function tokens(text: string, language: Language): Token[] {
  const found: Token[] = [];
  for (const match of text.matchAll(language === "yaml" ? YAML : QUERY)) {
    const groups = match.groups ?? {};
    const start = match.index;
    if (groups["bar"] !== undefined) {
      found.push({ start, end: start + 1, kind: "operator" });
      if (groups["operator"]) found.push({ start: start + groups["bar"].length, end: start + match[0].length, kind: "operator" });
      continue;
    }
    const kind = (["comment", "text", "row", "number", "key"] as const).find((name) => groups[name] !== undefined);
    if (kind && match[0].length) found.push({ start, end: start + match[0].length, kind });
  }
  return found;
}
