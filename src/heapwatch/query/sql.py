"""The statements that read samples. Values only ever come in as bound parameters; what is put together here
are our own words: which column, which rollup, which of the fixed conditions.

Every statement reads a range [low, high) of a window of buckets, `bucket` counting from `start` by `width`.
A class that a histogram lacks has 0 instances there. So a rollup of a class divides by (or compares with) the
histograms that its JVM had in the bucket, which `snapshot` tells; where each bucket has one, it is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

VALUES = {"heap.bytes": "bytes", "heap.instances": "instances"}

ROLLUPS = ("avg", "min", "max", "sum", "count", "latest")

STATS = """
SELECT incarnation, mode, count() AS taken, toUnixTimestamp64Milli(min(time)) AS first,
       toUnixTimestamp64Milli(max(time)) AS last, sum(classes) AS rows,
       uniqExact(toStartOfHour(time)) AS hours
FROM snapshot
WHERE incarnation IN {incarnations:Array(UInt64)}
  AND time >= fromUnixTimestamp64Milli({low:Int64}) AND time < fromUnixTimestamp64Milli({high:Int64})
GROUP BY incarnation, mode
"""

SAMPLE_STATS = """
SELECT series, count() AS taken, toUnixTimestamp64Milli(min(time)) AS first,
       toUnixTimestamp64Milli(max(time)) AS last
FROM sample
WHERE series IN {series:Array(UInt64)}
  AND time >= fromUnixTimestamp64Milli({low:Int64}) AND time < fromUnixTimestamp64Milli({high:Int64})
GROUP BY series
"""

# Those of hours that are not summed up yet are not counted; there are few.
SAMPLE_HOUR_STATS = """
SELECT series, count() AS taken, toInt64(toUnixTimestamp(min(hour))) * 1000 AS first,
       toInt64(toUnixTimestamp(max(hour))) * 1000 AS last
FROM sample_hour
WHERE series IN {series:Array(UInt64)}
  AND hour >= fromUnixTimestamp(intDiv({low:Int64}, 1000))
  AND hour < fromUnixTimestamp(intDiv({high:Int64}, 1000))
GROUP BY series
"""

BUCKET = "toUInt32(intDiv(toUnixTimestamp64Milli(time) - {start:Int64}, {width:Int64}))"

TAKEN = f"""
SELECT incarnation, {BUCKET} AS bucket, count() AS taken, toUnixTimestamp64Milli(max(time)) AS last
FROM snapshot
WHERE incarnation IN {{incarnations:Array(UInt64)}} AND mode = {{mode:String}}
  AND time >= fromUnixTimestamp64Milli({{start:Int64}}) AND time < fromUnixTimestamp64Milli({{end:Int64}})
GROUP BY incarnation, bucket
"""

# Histograms' totals are kept for longer than their classes, which go by whole days.
DAYS_TAKEN = """
SELECT DISTINCT toYYYYMMDD(time) AS day FROM snapshot
WHERE incarnation IN {incarnations:Array(UInt64)} AND mode = {mode:String}
  AND time >= fromUnixTimestamp64Milli({start:Int64}) AND time < fromUnixTimestamp64Milli({end:Int64})
"""
DAYS_KEPT = """
SELECT DISTINCT toUInt32OrZero(partition_id) AS day FROM system.parts
WHERE database = currentDatabase() AND active AND table = 'class_sample'
"""

# The key has the hour, not the time, in front of the class: only conditions on the hour find their rows.
_RAW = f"""
SELECT incarnation, class, {BUCKET} AS bucket, @value AS total, @value AS most, @value AS least, 1 AS present,
       @value AS newest, toUnixTimestamp64Milli(time) AS at
FROM class_sample
PREWHERE incarnation IN {{incarnations:Array(UInt64)}} @classes
     AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({{low:Int64}}))
     AND toStartOfHour(time) <= toStartOfHour(fromUnixTimestamp64Milli({{high:Int64}}))
WHERE mode = {{mode:String}} AND time >= fromUnixTimestamp64Milli({{low:Int64}})
  AND time < fromUnixTimestamp64Milli({{high:Int64}}) @products
"""

# Sums and extremes of an hour are of instances; of bytes it has the last value alone.
_HOURS = """
SELECT incarnation, class, intDiv(toUnixTimestamp(hour) * 1000 - {start:Int64}, {width:Int64}) AS bucket,
       sum AS total, max AS most, min AS least, present, @last AS newest,
       toInt64(toUnixTimestamp(hour)) * 1000 AS at
FROM class_hour FINAL
WHERE incarnation IN {incarnations:Array(UInt64)} @classes AND mode = {mode:String}
  AND hour >= fromUnixTimestamp(intDiv({low:Int64}, 1000))
  AND hour < fromUnixTimestamp(intDiv({high:Int64}, 1000)) @products
"""

_OF_SERIES = {  # of a class in a bucket, where it has a row
    "avg": "sum(total) / any(taken)",
    "sum": "toFloat64(sum(total))",
    "max": "toFloat64(max(most))",
    "min": "if(sum(present) < any(taken), 0, toFloat64(min(least)))",
    "count": "toFloat64(any(taken))",
    "latest": "toFloat64(sumIf(newest, at = @last))",
}
_OF_ONE_SNAPSHOT = dict.fromkeys(ROLLUPS, "toFloat64(any(newest))") | {"count": "1.0"}

_SUMMED = {  # of all classes of a group in a bucket, straight from the rows
    "avg": "sum(total / taken)",
    "sum": "toFloat64(sum(total))",
    "latest": "toFloat64(sumIf(newest, at = @last))",
}

_SAMPLES = {
    "avg": "avg(value)",
    "sum": "sum(value)",
    "max": "max(value)",
    "min": "min(value)",
    "count": "toFloat64(count())",
    "latest": "argMax(value, time)",
}
_SAMPLE_HOURS = {
    "avg": "sum(sum) / sum(n)",
    "sum": "sum(sum)",
    "max": "max(max)",
    "min": "min(min)",
    "count": "toFloat64(sum(n))",
    "latest": "argMax(last, hour)",
}

_RAW_SAMPLES = f"""
SELECT series, {BUCKET} AS bucket, @rollup AS value
FROM sample
WHERE series IN {{series:Array(UInt64)}}
  AND time >= fromUnixTimestamp64Milli({{low:Int64}}) AND time < fromUnixTimestamp64Milli({{high:Int64}})
GROUP BY series, bucket
"""
_HOUR_SAMPLES = """
SELECT series, intDiv(toUnixTimestamp(hour) * 1000 - {start:Int64}, {width:Int64}) AS bucket, @rollup AS value
FROM sample_hour FINAL
WHERE series IN {series:Array(UInt64)}
  AND hour >= fromUnixTimestamp(intDiv({low:Int64}, 1000))
  AND hour < fromUnixTimestamp(intDiv({high:Int64}, 1000))
GROUP BY series, bucket
"""

TOTALS = f"""
SELECT @groups AS jvm_group, bucket, count() AS present, sum(value) AS total
FROM
(
    SELECT incarnation, {BUCKET} AS bucket, @rollup AS value
    FROM snapshot
    WHERE incarnation IN {{incarnations:Array(UInt64)}} AND mode = {{mode:String}}
      AND time >= fromUnixTimestamp64Milli({{low:Int64}}) AND time < fromUnixTimestamp64Milli({{high:Int64}})
    GROUP BY incarnation, bucket
)
GROUP BY jvm_group, bucket
"""
_TOTALS = {"avg": "avg(@value)", "sum": "toFloat64(sum(@value))", "latest": "toFloat64(argMax(@value, time))"}

MOMENTS: Mapping[str, Mapping[str, str]] = {
    "sum": {"total": "sum(value)"},
    "count": {"present": "count()"},
    "avg": {"present": "count()", "total": "sum(value)"},
    "min": {"present": "count()", "least": "min(value)"},
    "max": {"present": "count()", "most": "max(value)"},
    "stddev": {"present": "count()", "total": "sum(value)", "variance": "varPopStable(value)"},
}
"""What an aggregation needs to know of the values of a group, so that zeros and other groups can be added."""

AGGREGATIONS = frozenset(MOMENTS)
TOTALLED = frozenset(_TOTALS)


def has_hours(metric: str, rollup: str) -> bool:
    """Whether the hourly table gives the answer that the samples would."""
    return metric == "heap.instances" or rollup in ("latest", "count")


def class_rows(metric: str, *, hours: bool, classes: str, products: str) -> str:
    """The rows of a class in a range, from either table; they have the same columns."""
    text = _HOURS if hours else _RAW
    value = VALUES[metric]
    last = "bytes" if value == "bytes" else "last"
    return (
        text.replace("@value", value)
        .replace("@last", last)
        .replace("@classes", classes)
        .replace("@products", products)
    )


def _with_taken(rows: str) -> str:
    return f"SELECT * FROM ({rows}) AS points INNER JOIN ({TAKEN}) AS histograms USING (incarnation, bucket)"


def class_series(rows: str, rollup: str, *, once: bool, hours: bool) -> str:
    """A value per incarnation, class and bucket. `once`: no bucket has two histograms of a JVM."""
    once = once and not hours
    value = (_OF_ONE_SNAPSHOT if once else _OF_SERIES)[rollup].replace("@last", _last(hours))
    source = f"({rows})" if once or rollup in ("sum", "max") else f"({_with_taken(rows)})"
    return (
        f"SELECT incarnation, class, bucket, {value} AS value FROM {source} "
        "GROUP BY incarnation, class, bucket"
    )


def class_groups(
    rows: str, rollup: str, aggregation: str, jvm_group: str, class_group: str, *, once: bool, hours: bool
) -> str:
    """What an aggregation needs, per group of incarnations, group of classes and bucket."""
    keys = f"{jvm_group} AS jvm_group, {class_group} AS class_group"
    by = "GROUP BY jvm_group, class_group, bucket"
    once = once and not hours
    if aggregation == "sum" and (rollup in _SUMMED or (once and rollup != "count")):
        plain = once or rollup == "sum"
        value = "toFloat64(sum(newest))" if once else _SUMMED[rollup].replace("@last", _last(hours))
        source = f"({rows})" if plain else f"({_with_taken(rows)})"
        return f"SELECT {keys}, bucket, {value} AS total FROM {source} {by}"
    series = class_series(rows, rollup, once=once, hours=hours)
    return f"SELECT {keys}, bucket, {_moments(aggregation)} FROM ({series}) {by}"


def _moments(aggregation: str) -> str:
    return ", ".join(f"{expression} AS {name}" for name, expression in MOMENTS[aggregation].items())


def thinned(groups: str, having: Sequence[str], count: int | None) -> str:
    """Of the groups only those whose greatest total is within bounds, and of these the `count` greatest."""
    kept = f" HAVING {' AND '.join(having)}" if having else ""
    first = f" ORDER BY greatest DESC LIMIT {int(count)} WITH TIES" if count is not None else ""
    return (
        "SELECT jvm_group, class_group, bucket, total FROM "
        "(SELECT jvm_group, class_group, groupArray(bucket) AS buckets, groupArray(total) AS totals, "
        f"max(total) AS greatest FROM ({groups}) GROUP BY jvm_group, class_group{kept}{first}) "
        "ARRAY JOIN buckets AS bucket, totals AS total"
    )


def _last(hours: bool) -> str:
    return "intDiv(last, 3600000) * 3600000" if hours else "last"


def classes_seen(rows: str, class_group: str) -> str:
    """How many classes of each group each incarnation had at all."""
    return (
        f"SELECT incarnation, {class_group} AS class_group, uniqExact(class) AS series FROM ({rows}) "
        "GROUP BY incarnation, class_group"
    )


def totals(metric: str, rollup: str, groups: str) -> str:
    """The sum over all classes, from the histograms' totals."""
    value = _TOTALS[rollup].replace("@value", VALUES[metric])
    return TOTALS.replace("@rollup", value).replace("@groups", groups)


def sample_series(rollup: str, *, hours: bool) -> str:
    """A value per metric series and bucket."""
    text, rollups = (_HOUR_SAMPLES, _SAMPLE_HOURS) if hours else (_RAW_SAMPLES, _SAMPLES)
    return text.replace("@rollup", rollups[rollup])


def sample_groups(rollup: str, aggregation: str, group: str, *, hours: bool) -> str:
    """What an aggregation needs, per group of metric series and bucket."""
    return (
        f"SELECT {group} AS series_group, bucket, {_moments(aggregation)} "
        f"FROM ({sample_series(rollup, hours=hours)}) GROUP BY series_group, bucket"
    )


def grouped(column: str, name: str) -> str:
    """The group of an id, by two bound arrays: `name`_ids and `name`_groups."""
    return f"transform({column}, {{{name}_ids:Array(UInt64)}}, {{{name}_groups:Array(UInt32)}}, toUInt32(0))"


ONE_GROUP = "toUInt32(0)"
OF_CLASSES = "AND class IN {classes:Array(UInt64)}"


def of_products(count: int) -> str:
    """A union of products: each its incarnations, and its classes unless it has all of them (`every`)."""
    return (
        "AND ("
        + " OR ".join(
            f"(incarnation IN {{jvms{number}:Array(UInt64)}} AND "
            f"({{every{number}:UInt8}} OR class IN {{classes{number}:Array(UInt64)}}))"
            for number in range(count)
        )
        + ")"
    )
