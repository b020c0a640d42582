import { describe, expect, it } from "vitest";
import { parted, plain } from "./text";
import { link, merged, readPlace, written } from "./router";

describe("an address", () => {
  it("keeps what is not changed, in its order", () => {
    const query = merged(new URLSearchParams("from=-15m&host=a&sort=bytes"), { sort: "class", filter: "akka.*", host: ["b", "c"] });
    expect(query.toString()).toBe("from=-15m&sort=class&filter=akka.*&host=b&host=c");
  });
  it("loses what is emptied", () => expect(merged(new URLSearchParams("a=1&b=2&c=3"), { a: null, b: "", c: undefined }).toString()).toBe(""));
  it("carries any class name there and back", () => {
    for (const name of ['<img src=x onerror="alert(1)">&amp;', "a+b %20 #?&=", "Ünïcödé🚀", "[Ljava.lang.String;", "Lab$$Lambda/0x1"]) {
      const place = readPlace(written("/class", merged(new URLSearchParams(), { class: name })));
      expect(place.path).toBe("/class");
      expect(place.query.get("class")).toBe(name);
    }
  });
  it("is the same with a slash at its end", () => expect(readPlace("/jvm/?host=a").path).toBe("/jvm"));
  it("is readable: colons and slashes stay", () => expect(written("/", new URLSearchParams({ at: "2026-11-22T12:00:00Z" }))).toBe("/?at=2026-11-22T12:00:00Z"));
  it("links without a range where none was chosen", () => expect(link("/jvm", { host: "web1" })).toBe("/jvm?host=web1"));
});

describe("a class name", () => {
  it("is parted at its package", () => {
    expect(parted("akka.actor.ActorCell")).toEqual({ packageName: "akka.actor.", own: "ActorCell" });
    expect(parted("byte[]")).toEqual({ packageName: "", own: "byte[]" });
    expect(parted("a.B$$Lambda/0x00.1")).toEqual({ packageName: "a.", own: "B$$Lambda/0x00.1" });
    expect(parted("scala.collection.immutable.$colon$colon").own).toBe("$colon$colon");
  });
  it("cannot turn the line it stands in around", () => expect(plain("odd.\u202eLeft\u0000\n")).toBe("odd.\\u202eLeft\\u0000\\u000a"));
});
