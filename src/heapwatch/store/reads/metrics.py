"""Metric series over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.store.dimensions import NOBODY, Series
from heapwatch.store.errors import NotFound, TooBig, near
from heapwatch.store.reads.intervals import Buckets, floats, joined
from heapwatch.store.reads.moments import HOUR_MS
from heapwatch.store.reads.parts import Parts, framed, places, who
from heapwatch.store.reads.selection import Selection, any_of, is_glob

MOST_SERIES = 2000

RAW = {"avg": "avg(value)", "max": "max(value)", "min": "min(value)", "last": "argMax(value, time)"}
HOURS = {"avg": "sum(sum) / sum(n)", "max": "max(max)", "min": "min(min)", "last": "argMax(last, hour)"}

SAMPLES = """
SELECT series, intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, {width:Int64}) AS bucket,
       @rollup AS result
FROM sample
WHERE series IN {series:Array(UInt64)}
  AND time >= fromUnixTimestamp64Milli({low:Int64}) AND time < fromUnixTimestamp64Milli({end:Int64})
GROUP BY series, bucket
"""

SUMMED_UP = """
SELECT series, intDiv(toUnixTimestamp(hour) * 1000 - {start:Int64}, {width:Int64}) AS bucket,
       @rollup AS result
FROM sample_hour FINAL
WHERE series IN {series:Array(UInt64)}
  AND hour >= fromUnixTimestamp(intDiv({start:Int64}, 1000))
  AND hour < fromUnixTimestamp(intDiv({high:Int64}, 1000))
GROUP BY series, bucket
"""


def metric(
    parts: Parts, selection: Selection, wanted: Sequence[str], buckets: Buckets, rollup: str
) -> dict[str, Any]:
    """A line a series of the metrics named (globs), rolled up by avg, max, min or last."""
    if rollup not in RAW:
        raise UsageError(f"a rollup is {', '.join(RAW)}, not {rollup!r}")
    if not wanted:
        raise UsageError("give the metric: metric=NAME, a glob, or several")
    everything = {each.metric for each in list(parts.names.series.by_id.values())}
    for name in wanted:
        if not is_glob(name) and name not in everything:
            raise NotFound(f"no metric {name!r} in the store", near(name, everything))
    fits = any_of(wanted)
    chosen = [each for each in _selected(parts, selection, buckets) if fits(each.metric)]
    if len(chosen) > MOST_SERIES:
        raise TooBig(f"{len(chosen)} series are more than {MOST_SERIES}; name fewer metrics or JVMs")
    if not chosen:
        return framed(buckets, [], [], rollup)
    lines, present = sampled(parts, [each.id for each in chosen], buckets, rollup)
    series = [
        {"labels": labels(parts, each), "values": floats(lines[row])}
        for row, each in enumerate(chosen)
        if row in present
    ]
    return framed(buckets, series, [], rollup)


def sampled(parts: Parts, series: list[int], buckets: Buckets, rollup: str) -> tuple[Any, set[int]]:
    """A row a series, and which rows have anything."""
    lines = buckets.matrix(len(series))
    present: set[int] = set()
    low = buckets.start
    answers = []
    bound = {"series": series, **buckets.parameters}
    if buckets.width % HOUR_MS == 0:
        owners = sorted({parts.names.series.by_id[each].incarnation for each in series})
        low = max(low, min(parts.raw_from(owners), buckets.end))
        low -= (low - buckets.start) % buckets.width
        if low > buckets.start:
            answers.append(parts.query(SUMMED_UP.replace("@rollup", HOURS[rollup]), {**bound, "high": low}))
    if low < buckets.end:
        answers.append(parts.query(SAMPLES.replace("@rollup", RAW[rollup]), {**bound, "low": low}))
    for answer in answers:
        if len(answer):
            rows = places(answer["series"], series)
            lines[rows, answer["bucket"]] = answer["result"]
            present.update(rows.tolist())
    return joined(lines), present


def metric_names(parts: Parts, selection: Selection) -> dict[str, Any]:
    """Every series there is, and when it was heard of last."""
    found = []
    for each in _selected(parts, selection, None):
        known = parts.live.values.get(each.id)
        found.append(
            {"metric": each.metric, "labels": labels(parts, each), "last_seen": known.time if known else 0}
        )
    return {"metrics": sorted(found, key=lambda row: (row["metric"], str(row["labels"])))}


def labels(parts: Parts, series: Series) -> dict[str, Any]:
    """All labels of a series."""
    owner = parts.names.jvms.by_id.get(series.incarnation)
    return {"metric": series.metric, **(who(owner) if owner else {}), **series.tags}


def _selected(parts: Parts, selection: Selection, buckets: Buckets | None) -> Iterator[Series]:
    names = parts.names
    range_ = (buckets.start, buckets.end) if buckets else (None, None)
    for incarnation in selection.among(names.jvms, *range_):
        yield from names.series.of_incarnation.get(incarnation.id, ())
    hosts, jvms = any_of(selection.host), any_of(selection.jvm)
    for series in names.series.of_incarnation.get(NOBODY, ()):
        tags = series.tags
        labelled = all(any_of([value])(tags.get(name, "")) for name, value in selection.labels.items())
        if selection.pid is None and labelled and hosts(tags.get("host", "")) and jvms(tags.get("jvm", "")):
            yield series
