import { describe, expect, it } from "vitest";
import { backOff } from "./live";
import { spacing } from "./refresh";
import { EventReader } from "./sse";

const STREAM = 'event: hello\r\ndata: {"version":"1"}\r\n\r\n: ping\r\n\r\nevent: snapshot\r\ndata: {"a":1,\r\ndata: "b":2}\r\n\r\ndata: bare\r\n\r\n';

describe("the live stream", () => {
  it("gives the same events wherever it is cut", () => {
    const whole = new EventReader().push(STREAM);
    expect(whole).toEqual([
      { event: "hello", data: '{"version":"1"}' },
      { event: "snapshot", data: '{"a":1,\n"b":2}' },
      { event: "message", data: "bare" },
    ]);
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const reader = new EventReader();
      expect([...reader.push(STREAM.slice(0, cut)), ...reader.push(STREAM.slice(cut))], `cut at ${cut}`).toEqual(whole);
    }
  });
  it("reads bare line feeds too", () => expect(new EventReader().push("event: event\ndata: {}\n\n")).toEqual([{ event: "event", data: "{}" }]));
  it("is tried again ever more slowly, not by all tabs at once", () => {
    const middle = [0, 1, 2, 3, 10].map((tries) => backOff(tries, () => 0.5));
    expect(middle).toEqual([500, 1000, 2000, 4000, 30_000]);
    expect(backOff(3, () => 0)).toBeLessThan(backOff(3, () => 1));
  });
  it("moves short ranges within a second and long ones less often", () => {
    expect(spacing(300_000)).toBeLessThan(1000);
    expect(spacing(7 * 86_400_000)).toBe(30_000);
  });
});
