/** Before and after in one chart, from one origin, so that slopes can be compared by eye. */
import { useMemo } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { ClassHistory, JvmLife, Verified, VerifiedSide } from "../../api/types";
import { TimeChart } from "../../charts/chart";
import { Failure } from "../../lib/controls";
import { duration } from "../../lib/format";
import { aligned, keyOf } from "./curves";
import type { Asked } from "./sides";

const HEIGHT = 220;

interface Props {
  readonly name: string;
  readonly data: Verified;
  readonly asked: Asked;
  readonly lives: readonly JvmLife[];
}

const unique = (values: readonly string[]) => [...new Set(values)];

/** The lives of one side: of its versions where versions are compared. */
function sideOf(side: VerifiedSide, version: string, { asked, lives }: Props): readonly JvmLife[] {
  const within = lives.filter((life) => side.from === null || side.to === null || (life.last_seen >= side.from && (life.started || life.first_seen) <= side.to));
  return asked.by === "version" ? within.filter((life) => life.labels["version"] === version) : within;
}

function useSide(props: Props, side: VerifiedSide, own: readonly JvmLife[]) {
  const asks = own.length > 0 && side.from !== null && side.to !== null && side.from < side.to;
  return useApi<ClassHistory>("class", asks ? { class: props.name, host: unique(own.map((life) => life.host)), jvm: unique(own.map((life) => life.jvm)), from: side.from, to: side.to } : null);
}

export function Curves(props: Props) {
  const { data, asked } = props;
  const lives = useMemo(() => ({ before: sideOf(data.before, asked.before, props), after: sideOf(data.after, asked.after, props) }), [data, asked, props.lives]);
  const before = useSide(props, data.before, lives.before);
  const after = useSide(props, data.after, lives.after);
  const curves = useMemo(
    () => aligned(before.data, after.data, { before: new Set(lives.before.map(keyOf)), after: new Set(lives.after.map(keyOf)) }),
    [before.data, after.data, lives],
  );
  const error = before.error ?? after.error;
  if (error && !curves.lines.length) return <Failure error={error} onRetry={() => { before.reload(); after.reload(); }} />;
  return (
    <TimeChart title="Instances since the first histogram of each" times={curves.times} lines={curves.lines} interval={curves.interval} unit="count" height={HEIGHT} elapsed={curves.shown}
      loading={before.loading || after.loading} note={curves.shown < curves.longest ? `the first ${duration(curves.shown)} of ${duration(curves.longest)}` : undefined} legendLimit={8} empty="The class was seen on neither side" />
  );
}
