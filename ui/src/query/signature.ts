/** A signature, `job * took * ms`, as a search that finds its messages: its fixed parts as phrases. */
export function searchFor(signature: string): string {
  const first = signature.split("\n")[0] ?? "";
  const parts = first.split(/\*+|\$[A-Z]+/).map((part) => part.replace(/\s+/g, " ").trim()).filter((part) => /\w{2}/.test(part));
  const longest = parts.sort((a, b) => b.length - a.length).slice(0, 3);
  return longest.map((part) => `"${part.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`).join(" ") || "*";
}
