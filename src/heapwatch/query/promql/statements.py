"""The statements that read samples for an evaluation; values come in as bound parameters only.

The moments of an evaluation are `start`, `start + step`, …; a sample belongs to the first of them that is not
before it. Of each only the newest sample matters, so the engine gives no more than that.
"""

from __future__ import annotations

from heapwatch.query.sql import OF_CLASSES, VALUES, grouped

_STEP = (
    "toUInt32(greatest(0, intDiv(toUnixTimestamp64Milli(time) - {start:Int64} + {step:Int64} - 1, "
    "{step:Int64})))"
)
_BETWEEN = "time >= fromUnixTimestamp64Milli({low:Int64}) AND time <= fromUnixTimestamp64Milli({high:Int64})"

NEWEST_HOURS = f"""
SELECT series, {_STEP.replace("toUnixTimestamp64Milli(time)", "ended")} AS place, max(ended) AS at,
       argMax(last, ended) AS value
FROM
(
    SELECT series, toInt64(toUnixTimestamp(hour)) * 1000 + 3599999 AS ended, last
    FROM sample_hour FINAL WHERE series IN {{series:Array(UInt64)}}
      AND hour >= fromUnixTimestamp(greatest(0, intDiv({{low:Int64}}, 1000) - 3600))
      AND hour <= fromUnixTimestamp(intDiv({{high:Int64}}, 1000))
)
WHERE ended >= {{low:Int64}} AND ended <= {{high:Int64}}
GROUP BY series, place
"""

NEWEST_SAMPLES = f"""
SELECT series, {_STEP} AS place, toUnixTimestamp64Milli(max(time)) AS at, argMax(value, time) AS value
FROM sample WHERE series IN {{series:Array(UInt64)}} AND {_BETWEEN}
GROUP BY series, place
"""

SAMPLES = f"""
SELECT series, toUnixTimestamp64Milli(time) AS at, any(value) AS value
FROM sample WHERE series IN {{series:Array(UInt64)}} AND {_BETWEEN}
GROUP BY series, time ORDER BY series, time
"""

COUNTED = f"SELECT count() AS taken FROM sample WHERE series IN {{series:Array(UInt64)}} AND {_BETWEEN}"

NEWEST_HISTOGRAMS = f"""
SELECT incarnation, {_STEP} AS place, toUnixTimestamp64Milli(max(time)) AS at,
       argMax(classes, time) AS classes, argMax(bytes, time) AS bytes, argMax(instances, time) AS instances
FROM snapshot WHERE incarnation IN {{incarnations:Array(UInt64)}} AND mode = {{mode:String}} AND {_BETWEEN}
GROUP BY incarnation, place
"""

HISTOGRAM_ROWS = f"""
SELECT sum(least(classes, {{most:UInt64}})) AS taken
FROM snapshot WHERE incarnation IN {{incarnations:Array(UInt64)}} AND mode = {{mode:String}} AND {_BETWEEN}
"""

SERIES_SEEN = f"SELECT DISTINCT series FROM sample WHERE series IN {{series:Array(UInt64)}} AND {_BETWEEN}"


def class_hours(metric: str, *, every_class: bool, group: bool) -> str:
    """What classes had at the end of given hours; by group or by class."""
    value = "bytes" if VALUES[metric] == "bytes" else "last"
    return _by_part(
        f"""
SELECT incarnation, toInt64(toUnixTimestamp(hour)) * 1000 AS at, class, {value} AS value
FROM class_hour FINAL
WHERE incarnation IN {{incarnations:Array(UInt64)}} {"" if every_class else OF_CLASSES}
  AND mode = {{mode:String}} AND last > 0 AND at IN {{times:Array(Int64)}}
  AND hour >= fromUnixTimestamp(intDiv({{low:Int64}}, 1000))
  AND hour <= fromUnixTimestamp(intDiv({{high:Int64}}, 1000))
""",
        group=group,
    )


def class_rows(metric: str, *, every_class: bool, exactly: bool, group: bool) -> str:
    """Class samples of incarnations in [low, high], or `exactly` at given times; by group or by class."""
    value = VALUES[metric]
    among = "" if every_class else OF_CLASSES
    times = "AND at IN {times:Array(Int64)}" if exactly else ""
    rows = f"""
SELECT incarnation, toUnixTimestamp64Milli(time) AS at, class, {value} AS value
FROM class_sample
PREWHERE incarnation IN {{incarnations:Array(UInt64)}} {among}
     AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({{low:Int64}}))
     AND toStartOfHour(time) <= toStartOfHour(fromUnixTimestamp64Milli({{high:Int64}}))
WHERE mode = {{mode:String}} AND {_BETWEEN} {times}
"""
    return _by_part(rows, group=group)


def _by_part(rows: str, *, group: bool) -> str:
    if not group:
        return f"SELECT incarnation, at, class AS part, toFloat64(value) AS value FROM ({rows})"
    return (
        f"SELECT incarnation, at, {grouped('class', 'class')} AS part, toFloat64(sum(value)) AS total, "
        "toFloat64(count()) AS number, toFloat64(min(value)) AS least, toFloat64(max(value)) AS most "
        f"FROM ({rows}) GROUP BY incarnation, at, part"
    )


def classes_seen(*, every_class: bool) -> str:
    """Which classes each incarnation had in [low, high]."""
    return f"""
SELECT DISTINCT incarnation, class FROM class_sample
PREWHERE incarnation IN {{incarnations:Array(UInt64)}} {"" if every_class else OF_CLASSES}
     AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({{low:Int64}}))
     AND toStartOfHour(time) <= toStartOfHour(fromUnixTimestamp64Milli({{high:Int64}}))
WHERE mode = {{mode:String}} AND {_BETWEEN}
"""
