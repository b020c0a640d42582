/** Text that came from elsewhere, numbers and times as elements. Nothing here makes markup out of text. */
import { ago, bytes, count, exact, moment, rate, signed, utc } from "./format";
import { now, second } from "./view";

type Maybe = number | null | undefined;

/** Control and direction characters are written out: a name must not rearrange the line it stands in. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (character) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `akka.actor.` and `ActorCell`: the class's own name is what one looks for. */
export function parted(name: string): { packageName: string; own: string } {
  const end = name.search(/[/[(<$]/);
  const dot = name.lastIndexOf(".", end < 0 ? undefined : end);
  return { packageName: name.slice(0, dot + 1), own: name.slice(dot + 1) };
}

/** Inline, so that it is read and copied as one word. `short` leaves the package to the hover text. */
export function ClassName({ name, short = false }: { readonly name: string; readonly short?: boolean }) {
  const { packageName, own } = parted(plain(name));
  return <bdi class="class-name">{!short && packageName && <span class="package">{packageName}</span>}{own}</bdi>;
}

export const Bytes = ({ value, noun = "bytes" }: { readonly value: Maybe; readonly noun?: string }) => (
  <span title={exact(value, noun)}>{bytes(value)}</span>
);
export const ShallowBytes = ({ value }: { readonly value: Maybe }) => <Bytes value={value} noun="bytes, shallow" />;
export const Count = ({ value, noun = "" }: { readonly value: Maybe; readonly noun?: string }) => (
  <span title={exact(value, noun)}>{count(value)}</span>
);

/** A change is coloured by its direction and says it with its sign. */
export function Change({ value, write = bytes, noun = "bytes" }: { readonly value: Maybe; readonly write?: (value: Maybe) => string; readonly noun?: string }) {
  const tone = value ? (value > 0 ? "up" : "down") : "same";
  return <span class={`change ${tone}`} title={value == null ? undefined : `${signed(value, exact)} ${noun}`}>{signed(value, write)}</span>;
}

/** Under `notable` a rate is shown without colour, so that what matters stands out. */
export function Rate({ value, write = bytes, per = "min", noun = "bytes", notable = 0 }: {
  readonly value: Maybe;
  readonly write?: (value: Maybe) => string;
  readonly per?: string;
  readonly noun?: string;
  readonly notable?: number;
}) {
  const tone = value && Math.abs(value) > notable ? (value > 0 ? "up" : "down") : "same";
  return <span class={`change ${tone}`} title={value == null ? undefined : `${signed(value, exact)} ${noun} per ${per === "h" ? "hour" : "minute"}`}>{rate(value, write, per)}</span>;
}

/** Local time; UTC on hover. */
export const Time = ({ value }: { readonly value: Maybe }) => <time title={utc(value)}>{moment(value, now.value)}</time>;

/** `12 s ago`, counting up by itself. */
export const Ago = ({ value }: { readonly value: Maybe }) => (
  <time title={value == null ? undefined : `${moment(value)} local\n${utc(value)}`}>{ago(value, second.value)}</time>
);

const everyLabel = (labels: Readonly<Record<string, string>>) => Object.entries(labels).map(([name, value]) => `${plain(name)}=${plain(value)}`).join("\n");

/** Where there is little room: the values alone, names on hover. */
export const LabelValues = ({ labels }: { readonly labels: Readonly<Record<string, string>> }) => (
  <span title={everyLabel(labels)}>
    {Object.entries(labels).map(([name, value], index) => <span key={name}>{index > 0 && <i> · </i>}<bdi>{plain(value)}</bdi></span>)}
  </span>
);

export function Labels({ labels, most = 3 }: { readonly labels: Readonly<Record<string, string>>; readonly most?: number }) {
  const entries = Object.entries(labels);
  return (
    <span class="labels" title={everyLabel(labels)}>
      {entries.slice(0, most).map(([name, value]) => (
        <span class="label" key={name}>
          <span class="label-name">{plain(name)} </span>
          <bdi>{plain(value)}</bdi>
        </span>
      ))}
      {entries.length > most && <span class="label-more">+{entries.length - most}</span>}
    </span>
  );
}
