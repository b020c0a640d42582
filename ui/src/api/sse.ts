/**
 * Reads a stream of server-sent events as its text arrives, cut anywhere:
 *
 *     event: snapshot
 *     data: {"host":"web1",…}
 *     (an empty line ends the event; a line that begins with ":" is a heartbeat)
 */
export interface Message {
  readonly event: string;
  readonly data: string;
}

export class EventReader {
  private rest = "";
  private event = "";
  private data: string[] = [];

  push(text: string): Message[] {
    const messages: Message[] = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = this.line(line);
      if (message) messages.push(message);
    }
    return messages;
  }

  private line(line: string): Message | null {
    if (line === "") {
      const message = this.data.length ? { event: this.event || "message", data: this.data.join("\n") } : null;
      this.event = "";
      this.data = [];
      return message;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    return null;
  }
}
