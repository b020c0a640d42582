/**
 * Tells a text that comes back from what the editor itself has said. Whoever types fast is ahead of the page: the
 * text it was told two keys ago must not be put over the newer one (and be told again, and so on for ever).
 */
export class Echoes {
  private said: string[] = [];

  told(text: string): void {
    this.said.push(text);
    if (this.said.length > 1000) this.said.shift();
  }

  isEcho(text: string): boolean {
    const place = this.said.indexOf(text);
    this.said = place < 0 ? [] : this.said.slice(place + 1);
    return place >= 0;
  }
}
