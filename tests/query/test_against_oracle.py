"""Random pipelines over random data: the engine answers what plain Python answers."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import oracle
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_operators import straight_line

from heapwatch.model import Batch, Histogram, JvmId, MetricBlock, Snapshot
from heapwatch.query.errors import QueryError
from heapwatch.query.limits import Limits
from heapwatch.query.parse import parse
from heapwatch.query.run import run
from heapwatch.store import Settings, Store, open_store

HOUR = 3_600_000
STEP = 10_000
BEGIN = 1_790_000_000_000 // HOUR * HOUR - 6 * HOUR
NOW = BEGIN + 6 * HOUR + 40 * 60_000
CLASSES = ("byte[]", "java.lang.String", "akka.actor.Child", "akka.actor.OtherChild", "com.shop.Order$1")

_numbers = itertools.count(1)
pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    kept = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("store"), kept, clock=lambda: NOW) as opened:
        yield opened


def told(store: Store, histos: Sequence[oracle.Histo], lines: Sequence[oracle.Line]) -> None:
    """Put the raw data into the store, as an agent and as Graphite lines."""
    snapshots = [
        Snapshot(
            JvmId(each.host, each.jvm, each.pid, each.started),
            each.time,
            each.mode,
            Histogram(
                list(each.classes),
                array("q", [instances for instances, _ in each.classes.values()]),
                array("q", [size for _, size in each.classes.values()]),
                array("q", [1] * len(each.classes)),
            ),
            labels=each.labels,
        )
        for each in histos
    ]
    blocks = [
        MetricBlock(dict(line.tags), array("q", line.points), {line.metric: array("d", line.points.values())})
        for line in lines
        if "jvm" in line.tags
    ]
    store.insert([Batch("oracle", next(_numbers), snapshots, blocks)])
    for line in lines:
        if "jvm" not in line.tags:
            name = line.metric + "".join(f";{k}={v}" for k, v in sorted(line.tags.items()))
            store.insert_samples([name] * len(line.points), list(line.points), list(line.points.values()))


# ---- data: two hosts, JVMs that restart, gaps, classes that come and go, both modes


PLACE = "qq"
"""Hosts are called so when drawn, and then by a name that no other example has."""

Dataset = tuple[list[oracle.Histo], list[oracle.Line]]


@st.composite
def datasets(draw: st.DrawFn, steps: Sequence[int] = (STEP, STEP, 300_000), name: str = PLACE) -> Dataset:
    step = draw(st.sampled_from(steps))
    histos: list[oracle.Histo] = []
    lines: list[oracle.Line] = []
    for life in range(draw(st.integers(1, 4))):
        host, jvm = f"{name}{draw(st.sampled_from(['a', 'b']))}", draw(st.sampled_from(["shop", "pay"]))
        labels = draw(st.sampled_from([{}, {"team": "red"}, {"team": "blue", "env": "prod"}]))
        first = draw(st.integers(0, 8))
        for place in range(first, first + draw(st.integers(1, 8))):
            mode = draw(st.sampled_from(["all", "all", "all", "live", ""]))
            if mode:
                classes = draw(
                    st.dictionaries(
                        st.sampled_from(CLASSES),
                        st.tuples(st.integers(0, 50), st.integers(0, 9000)),
                        min_size=1,
                        max_size=4,
                    )
                )
                time = BEGIN + place * step
                histos.append(oracle.Histo(host, jvm, 100 + life, 0, time, mode, classes, labels))
        if draw(st.booleans()):
            points = draw(
                st.dictionaries(st.integers(0, 15), st.integers(-40, 40).map(float), min_size=1, max_size=8)
            )
            at = {BEGIN + place * step: value for place, value in sorted(points.items())}
            tags: dict[str, str] = draw(
                st.sampled_from(
                    [
                        {"host": host, "jvm": jvm, "pid": str(100 + life), "started": "0"},
                        {"host": host, "pool": "eden"},
                        {},
                    ]
                )
            )
            lines.append(oracle.Line(f"{name}.heap.used" if not tags else f"m{life}.used", tags, at))
    lines = list({(line.metric, *line.tags.items()): line for line in lines}.values())
    return histos, lines


def named(dataset: Dataset, name: str) -> Dataset:
    """The data under another name."""
    histos, lines = dataset
    return (
        [replace(each, host=each.host.replace(PLACE, name)) for each in histos],
        [
            oracle.Line(
                line.metric.replace(PLACE, name),
                {tag: value.replace(PLACE, name) for tag, value in line.tags.items()},
                line.points,
            )
            for line in lines
        ],
    )


# ---- queries


def selectors(name: str) -> st.SearchStrategy[str]:
    atoms = st.sampled_from(
        [
            "metric=heap.bytes", "metric=heap.instances", "metric=heap.*", "class=akka.*", "class!=byte*",
            "package=akka.actor", "package=(java.lang, com.shop)", "mode=live", "mode=all", "mode=*",
            "jvm=shop", "jvm!=shop", f"host={name}a", f"HOST={name.upper()}B", "team=red", "team!=red",
            'team=""', "NOT team=blue", "akka", "string", "shop", "*order*", f"{name}a.size.**",
            f"{name}*.count.akka.**", "*.size.**Child*", f"{name}b.*.**.child", "**.heap.used", "**.*.*",
            "_1=*a", "_2=size", "_3=akka", "_3!=akka", "_5=*child", "pid=100", "pid!=101", "used", "pool=*",
            "_rawName=*.count.**", "metric=m*", "env=prod", "!(jvm=pay)", "NOT akka", "heap.*",
            f"{name}a.size.java.lang.String", f"NOT {name}a.**",
        ]
    )  # fmt: skip
    pairs = st.tuples(atoms, st.sampled_from(["", " AND ", " OR "]), atoms)
    both = pairs.map(lambda each: f"({''.join(each)})" if each[1] else each[0])
    return both.map(lambda text: f"({name}* OR {name}*.**) {text}")


BY = st.sampled_from(
    ["", " by host", " by jvm", " by class", " by host, class", " by team", " by metric", " by mode",
     " by pid", " by package", " by _1", " by _3", " by _rawName", " by host, nosuch", " by pool"]
)  # fmt: skip
REDUCERS = ["avg", "min", "max", "sum", "count", "latest", "stddev", "pct(90)"]
SCORES = ["min", "max", "sum", "count", "latest", "max - min", "-max", "2 * max + count"]
DURATIONS = ["10s", "20s", "30s", "50s", "2m"]
CONDITIONS = (
    [f"{reducer} {sign} {value}.3" for reducer in REDUCERS for sign in ("<", ">=") for value in (2, 40, 900)]
    + ["_value > 20", "_value <= 100", "NOT _value < 30", "_value > 5 AND _value < 500"]
    + ["_value = 0 OR _value > 900", "max > 100 AND count >= 2", "NOT (max > 100.5)", "_value * 2 > 31"]
    + [
        f"_value > {limit} {amount} {place} {length}"
        for limit in (3, 200)
        for amount in ("all", "atleast 2")
        for place in ("first", "any", "last")
        for length in ("10s", "30s", "40s", "1h")
    ]
)
ROLLUPS = ["avg", "min", "max", "sum", "count", "latest"]
AGGREGATES = st.tuples(
    st.sampled_from(["sum", "avg", "min", "max", "count", "stddev", "pct(50)", "pct(0, 37.5, 100)"]), BY
).map("".join)
PARSES = st.sampled_from(
    ["parse *.size.** as h, c", "parse *.count.** as host, class", "parse *.*.** as host, kind, class",
     "parse **.* as front, last", "parse *.size.akka.** as host, rest nodrop", "parse field=jvm s* as rest",
     "parse field=class *.* as head, tail nodrop", "parse **.size.** as host, class", "parse * as path",
     "parse x*.*.**Child* as number, kind, before, behind", "parse *.size.*.a*.** as a, b, c, d"]
)  # fmt: skip
OTHERS = st.one_of(
    st.tuples(
        st.sampled_from(["topk", "bottomk"]), st.integers(1, 4), st.sampled_from(SCORES),
        st.sampled_from(["", " by host", " by jvm", " by nosuch"]),
    ).map(lambda each: f"{each[0]}({each[1]}, {each[2]}){each[3]}"),
    st.sampled_from(CONDITIONS).map(lambda text: f"where {text}"),
    st.tuples(st.sampled_from(["20s", "30s", "60s", "10m"]), st.sampled_from(ROLLUPS),
              st.sampled_from(["", " drop last"])).map(lambda e: f"quantize to {e[0]} using {e[1]}{e[2]}"),
    st.sampled_from(["rate", "rate increasing", "rate decreasing", "rate counter", "rate over 30s",
                     "rate counter over 40s", "rate increasing over 25s", "rate decreasing 1m"]),
    st.sampled_from(["predict", "predict forecast=20s", "predict model=theil-sen forecast=30s"]),
    st.sampled_from(["delta", "delta increasing", "delta decreasing", "delta counter", "accum"]),
    st.sampled_from(["ewma", "ewma alpha=0.2", "ewma span=3"]),
    st.sampled_from(DURATIONS).map(lambda text: f"timeshift {text}"),
    st.sampled_from(["empty", "interpolation", "last", "0", "-1.5"]).map(lambda t: f"fillmissing using {t}"),
    st.sampled_from(["outlier", "outlier window=3, threshold=1", "outlier window=40s threshold=0.5 "
                     "direction=+", "outlier window=4 threshold=0.1 direction=-"]),
    st.sampled_from(["_value / 4", "_value * 1000 / _granularity", "max - _value", "sqrt(_value - 10)",
                     "100 / _value", "log(_value)", "min(_value, avg)", "max(_value, 7, count)",
                     "round(_value / 3)", "abs(-_value) + ceil(0.5) - floor(_value / 7)", "_value + stddev",
                     "sin(_value) * cos(_value) + tan(0.1) - exp(0)", "pct(50) + slope * 0"])
    .map(lambda text: f"eval {text}"),
)  # fmt: skip


@st.composite
def pipelines(draw: st.DrawFn, name: str) -> str:
    first = draw(
        st.sampled_from(
            ["", "", "", "quantize to 20s", "quantize using max", "quantize to 40s using min",
             "quantize using latest", "quantize 20s using sum", "quantize 40s using count drop last"]
        )
    )  # fmt: skip
    parts = [draw(selectors(name)), *([first] if first else [])]
    parts += draw(st.lists(PARSES, max_size=2))
    if draw(st.booleans()):
        parts.append(draw(AGGREGATES))
    parts += draw(st.lists(st.one_of(OTHERS, OTHERS, AGGREGATES, PARSES), max_size=3))
    return " | ".join(parts)


@st.composite
def scripts(draw: st.DrawFn, name: str) -> str:
    if draw(st.integers(0, 3)):
        return draw(pipelines(name))
    last = draw(
        st.sampled_from(
            [": #A / #B", ": #A / #B * 100 along host as share", ": #B + 0 * #A along host", ": #A - #A",
             ": #A - #B along host, jvm", ": (#A + 1) / (#B - 3) as x | sum by host", ": -#A + 2 * #B",
             ": #A | max by host", ": #A | timeshift 20s", ": #A - #B along pid | topk(2, max)"]
        )
    )  # fmt: skip
    return f"#A {draw(pipelines(name))}\n#B {draw(pipelines(name))}\n#C{last}"


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, int, int, int]:
    """A script, its range and its interval."""
    return (
        draw(scripts(PLACE)),
        BEGIN + draw(st.sampled_from([0, 20_000, 35_000])),
        BEGIN + draw(st.sampled_from([60_000, 120_000, 155_000])),
        draw(st.sampled_from([10_000, 20_000])),
    )


# ---- comparison

Lines = list[tuple[list[tuple[str, str]], list[tuple[int, float]]]]


def expected_lines(answer: oracle.Answer) -> Lines:
    return sorted((sorted(each.shown.items()), sorted(each.points.items())) for each in answer.series)


def found_lines(row: dict[str, Any]) -> Lines:
    return sorted(
        (
            sorted(each["labels"].items()),
            [(t, v) for t, v in zip(row["times"], each["values"], strict=True) if v is not None],
        )
        for each in row["series"]
    )


def same(expected: Lines, found: Lines) -> bool:
    return len(expected) == len(found) and all(
        one[0] == two[0]
        and [time for time, _ in one[1]] == [time for time, _ in two[1]]
        and all(
            math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)
            for (_, a), (_, b) in zip(one[1], two[1], strict=True)
        )
        for one, two in zip(expected, found, strict=True)
    )


def shown(lines: Lines) -> str:
    return "\n".join(f"  {labels} {points}" for labels, points in lines)


def compare(store: Store, mirror: oracle.Oracle, text: str, from_: int, to: int, interval: int) -> None:
    script = parse(text)
    try:
        # as if every answer were large, so that the engine does what it can
        found = run(store, text, from_, to, interval / 1000, limits=Limits(fetched=0))
    except QueryError as error:
        if "several series each" not in str(error):  # a join that is ambiguous has no answer
            raise
        return
    expected = mirror.run(script, from_, to, interval)
    for row in found["rows"]:
        wanted, got = expected_lines(expected[row["letter"]]), found_lines(row)
        assert same(wanted, got), (
            f"{text}\nrow {row['letter']}: expected\n{shown(wanted)}\nfound\n{shown(got)}"
        )


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data(), dataset=datasets())
def test_random_pipelines_over_random_data_answer_what_plain_python_answers(
    store: Store, data: st.DataObject, dataset: Dataset
) -> None:
    name = f"x{next(_numbers)}y"
    histos, lines = named(dataset, name)
    told(store, histos, lines)
    mirror = oracle.Oracle(histos, lines)
    for _ in range(3):
        text, from_, to, interval = data.draw(questions())
        compare(store, mirror, text.replace(PLACE, name).replace(PLACE.upper(), name), from_, to, interval)


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(data=st.data(), dataset=datasets(steps=(600_000, 900_000)))
def test_hours_that_are_summed_up_answer_what_their_samples_answered(
    store: Store, data: st.DataObject, dataset: Dataset
) -> None:
    name = f"x{next(_numbers)}y"
    histos, lines = named(dataset, name)
    told(store, histos, lines)
    mirror = oracle.Oracle(histos, lines)
    for rolled_up in (False, True):
        if rolled_up:
            stored = any(each.classes for each in histos) or any(each.points for each in lines)
            assert store.rollup() > 0 or not stored
        rollup = data.draw(st.sampled_from(["", *ROLLUPS]))
        rest = data.draw(
            st.sampled_from(["", " | min by host", " | sum by class", " | sum", " | avg by jvm"])
        )
        quantize = f" | quantize to {data.draw(st.sampled_from(['1h', '2h']))}" if rollup else ""
        text = f"({name}* OR {name}*.**) {data.draw(st.sampled_from(['', 'heap.*', 'NOT akka']))}"
        text += f"{quantize} using {rollup}{rest}" if rollup else rest
        compare(store, mirror, text, BEGIN, BEGIN + 3 * HOUR, HOUR)


STUDENT = (math.nan, 3.0776835372, 1.8856180832, 1.6377443536, 1.5332062740, 1.4758840488, 1.4397557473)
"""The 90 % quantiles of Student's t for 1 to 6 degrees of freedom, from a table."""


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data(), dataset=datasets(steps=(STEP,)))
def test_a_line_reaches_its_limit_where_its_band_does(
    store: Store, data: st.DataObject, dataset: Dataset
) -> None:
    """The 80 % interval ends where the confidence band of the regression meets the limit."""
    name = f"x{next(_numbers)}y"
    histos, lines = named(dataset, name)
    told(store, histos, lines)
    limit = data.draw(st.sampled_from([-50, 30, 5_000, 100_000]))
    text = f"metric=heap.bytes host={name}*"
    answer = run(store, f"{text} | sum by host, jvm, pid | predict until={limit}", BEGIN, BEGIN + 160_000, 10)
    mirror = oracle.Oracle(histos, lines)
    summed = mirror.run(parse(f"{text} | sum by host, jvm, pid"), BEGIN, BEGIN + 160_000, 10_000)["A"]
    expected = {each.shown["pid"]: straight_line(each.points, "linear") for each in summed.series}
    table = answer["rows"][0]["table"]["columns"]
    assert sorted(table.get("pid", [])) == sorted(pid for pid, line in expected.items() if line)
    names = ("pid", "slope", "reaches", "earliest", "latest")
    for pid, slope, reaches, earliest, latest in zip(*(table.get(name, []) for name in names), strict=True):
        line = expected[pid]
        assert line is not None
        assert math.isclose(slope, line.slope, rel_tol=1e-9, abs_tol=1e-9)
        end = line.at((BEGIN + 160_000) / 1000)
        if line.slope == 0 or (limit - end) * line.slope < 0:
            assert reaches is None
            continue
        if reaches is not None:
            room = 1e-3 * abs(line.slope) + 1e-6  # times are whole milliseconds
            assert abs(line.at(reaches / 1000) - limit) <= room
            for side in (each for each in (earliest, latest) if each is not None and line.points <= 8):
                margin = line.margin(side / 1000, STUDENT[line.points - 2])
                assert math.isclose(abs(line.at(side / 1000) - limit), margin, rel_tol=1e-3, abs_tol=room)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data(), dataset=datasets())
def test_diff_takes_the_newest_histograms_at_two_instants(
    store: Store, data: st.DataObject, dataset: Dataset
) -> None:
    name = f"x{next(_numbers)}y"
    histos, lines = named(dataset, name)
    told(store, histos, lines)
    moments = [BEGIN + 1000 * second for second in data.draw(st.sampled_from([(0, 60), (35, 150), (90, 20)]))]
    stamps = [datetime.fromtimestamp(each / 1000, UTC).isoformat() for each in moments]
    text = f"metric=heap.instances host={name}* mode=* | diff between {stamps[0]} and {stamps[1]}"
    table = run(store, text, BEGIN, BEGIN + 160_000)["rows"][0]["table"]["columns"]
    look = 3 * 300_000
    then, now = (oracle.at_instant(histos, each, look) for each in moments)
    expected = []
    for life in {*then, *now}:
        windows = [
            {each.time: each for each in histos if _life(each) == life and at - look < each.time <= at}
            for at in moments
        ]
        for each in {each for window in windows for histo in window.values() for each in histo.classes}:
            pair = [
                float(side[life].classes.get(each, (0, 0))[0]) if life in side else None
                for side in (then, now)
            ]
            expected.append((life[0], life[1], each, life[4], *pair))
    columns = ("host", "jvm", "class", "mode", "before", "after")
    found = list(zip(*(table.get(column, []) for column in columns), strict=True))
    assert sorted(found, key=str) == sorted(expected, key=str)


def _life(each: oracle.Histo) -> tuple[Any, ...]:
    return each.host, each.jvm, each.pid, each.started, each.mode
