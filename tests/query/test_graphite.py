"""Graphite's functions beside what graphite-web answered, and what paths mean here."""

from __future__ import annotations

import contextlib
import json
import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.model import Batch, Histogram, JvmId, Snapshot
from heapwatch.query.graphite import moments
from heapwatch.query.graphite.expression import Call, Node, parse
from heapwatch.query.graphite.expression import Path as PathPattern
from heapwatch.query.graphite.globs import fits
from heapwatch.query.graphite.lines import Line
from heapwatch.query.graphite.paths import Paths
from heapwatch.query.graphite.render import TABLE, Asked, Window, render
from heapwatch.query.graphite.tags import tag_names, tag_values
from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.store import Settings, Store, open_store

RECORDED = json.loads(Path(__file__).with_name("recorded").joinpath("graphite-web-1.1.10.json").read_text())
STEP: int = RECORDED["step"]


@dataclass(frozen=True)
class Given(Asked):
    """An evaluation whose paths are those of the recording."""

    def lines(self, node: Node) -> list[Line]:
        if not isinstance(node, PathPattern):
            return super().lines(node)
        test = fits(node.text)
        names = sorted(name for name in RECORDED["series"] if test(name))
        return [Line(name, self.start, STEP, self._values(name), node.text, {"name": name}) for name in names]

    def _pushed(self, node: Call) -> None:
        return None

    def _values(self, name: str) -> Any:
        known = [math.nan if value is None else value for value in RECORDED["series"][name]]
        first = (self.start - RECORDED["begin"]) // STEP
        places = range(first, first + self.count)
        return np.array([known[at] if 0 <= at < len(known) else math.nan for at in places])


def evaluated(target: str) -> list[Line]:
    start = RECORDED["from"] + STEP
    count = (RECORDED["until"] - RECORDED["from"]) // STEP
    nobody: Any = None
    return Given(nobody, nobody, Limits(), start, STEP, count, target).lines(parse(target))


TARGETS = [each["target"] for each in RECORDED["answers"]]


@pytest.mark.parametrize("recorded", RECORDED["answers"], ids=TARGETS)
def test_a_function_gives_what_graphite_gave(recorded: dict[str, Any]) -> None:
    found = evaluated(recorded["target"])
    assert [line.name for line in found] == [line["name"] for line in recorded["lines"]]
    for line, wanted in zip(found, recorded["lines"], strict=True):
        assert (line.start, line.step) == (wanted["start"], wanted["step"])
        told = [None if math.isnan(value) else value for value in line.values.tolist()]
        assert len(told) == len(wanted["values"])
        for value, expected in zip(told, wanted["values"], strict=True):
            assert (value is None) == (expected is None), (told, wanted["values"])
            assert value is None or value == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_every_function_is_in_the_recording_or_tested_by_hand() -> None:
    recorded = {name for name in TABLE if any(f"{name}(" in target for target in TARGETS)}
    by_hand = {"seriesByTag", "aliasByTags", "groupByTags", "constantLine", "threshold", "consolidateBy"}
    assert set(TABLE) == recorded | by_hand


def test_lines_that_are_always_there() -> None:
    assert evaluated("constantLine(100)")[0].values.tolist() == [100.0] * 30
    assert evaluated("threshold(3.5, 'limit')")[0].name == "limit"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nosuch(a)", "no function nosuch"),
        ("sumSerie(a.*)", "did you mean sumSeries"),
        ("scale(a.b)", "scale needs factor"),
        ("scale(a.b, 'x')", "factor is a number"),
        ("scale(2, a.b)", "seriesList is series"),
        ("scale(a.b, 2, 3)", "takes 2 arguments at most"),
        ("summarize(web1.cpu.user, '5 parsecs')", "not a unit of time"),
        ("aliasSub(web1.cpu.user, '(', 'x')", "not a regular expression"),
        ("aggregate(web1.cpu.user, 'summ')", "no aggregation 'summ'"),
        ("divideSeries(web1.*.*, web*.cpu.user)", "the divisor is one series"),
        ("sumSeries(summarize(web1.cpu.user,'1min'), web1.cpu.user)", "summarize both alike"),
        ("movingAverage(web1.cpu.user, 0)", "a window has 1 to"),
        ("sumSeries(a.b", "is missing"),
        ("a.b)", "unexpected"),
        ("a.{b,c", "has no }"),
        ("", "is missing"),
        ("'text'", "a target is a path or a function"),
        ("summarize(web1.cpu.user, '1min', alignToTo=true)", "has no argument alignToTo"),
        ("seriesByTag('name!=x')", "at least one"),
        ("seriesByTag('name')", "is not tag=value"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_place(target: str, message: str, store: Store) -> None:
    with pytest.raises(UsageError, match=message):
        evaluated(target) if "Tag" not in target else ask(store, target)


NOW = datetime(2026, 1, 2, 15, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", "2026-01-02T15:30:00"),
        ("-1h", "2026-01-02T14:30:00"),
        ("-5min", "2026-01-02T15:25:00"),
        ("now-1d", "2026-01-01T15:30:00"),
        ("-1week", "2025-12-26T15:30:00"),
        ("1767225600", "2026-01-01T00:00:00"),
        ("20260101", "2026-01-01T00:00:00"),
        ("14:30_20260101", "2026-01-01T14:30:00"),
        ("01/02/26", "2026-01-02T00:00:00"),
        ("midnight", "2026-01-02T00:00:00"),
        ("noon yesterday", "2026-01-01T12:00:00"),
        ("6pm today", None),
        ("6:00pm today", "2026-01-02T18:00:00"),
        ("midnight+1h", "2026-01-02T01:00:00"),
        ("tomorrow", "2026-01-03T00:00:00"),
        ("-1fortnight", None),
        ("whenever", None),
        ("-99999999y", None),
    ],
)
def test_times_are_read_as_graphite_writes_them(text: str, moment: str | None) -> None:
    if moment is None:
        with pytest.raises(UsageError):
            moments.moment(text, NOW, UTC)
    else:
        assert datetime.fromtimestamp(moments.moment(text, NOW, UTC), UTC).isoformat() == f"{moment}+00:00"


# ---- what is stored

BEGIN = 1_767_225_600


def histogram(classes: Mapping[str, tuple[int, int]]) -> Histogram:
    return Histogram(
        list(classes),
        array("q", [instances for instances, _ in classes.values()]),
        array("q", [size for _, size in classes.values()]),
        array("q", [1] * len(classes)),
    )


def snapshots() -> Iterator[Snapshot]:
    for tick in range(20):
        for host, name, pid in (("web1", "shop", 1), ("web1", "cart", 2), ("web.2", "shop", 3)):
            classes = {"a.b.Leak": (tick, 100 * tick), "byte[]": (5, 50), "a.Other": (1, 16)}
            yield Snapshot(JvmId(host, name, pid, 1), (BEGIN + 60 * tick) * 1000, "all", histogram(classes))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    folder = tmp_path_factory.mktemp("graphite")
    with open_store(folder / "store", settings, clock=lambda: (BEGIN + 7200) * 1000) as opened:
        opened.insert([Batch("agent", 1, list(snapshots()))])
        disks = ["disk.used;host=web1;mount=/", "disk.used;host=web2;mount=/"]
        names = ["web1.cpu.load", "web1.cpu.idle", *disks]
        for tick in range(20):
            at = [(BEGIN + 60 * tick) * 1000] * len(names)
            opened.insert_samples(names, at, [1.0 * tick, 5.0, 10.0, 20.0 + tick], "test")
        yield opened


def ask(store: Store, *targets: str, **limits: Any) -> dict[str, list[float | None]]:
    window = Window(BEGIN - 1, BEGIN + 1200, None)
    return {
        line.name: [None if math.isnan(value) else value for value in line.values.tolist()]
        for line in render(store, targets, window, Limits(**limits))
    }


pytestmark = pytest.mark.store


def test_class_samples_are_found_by_their_virtual_paths(store: Store) -> None:
    assert list(ask(store, "*.count.*")) == ["web%2E2.count.byte[]", "web1.count.byte[]"]
    assert list(ask(store, "web1.size.a.**")) == ["web1.size.a.Other", "web1.size.a.b.Leak"]
    assert list(ask(store, "web1.{count,size}.a.b.*")) == ["web1.count.a.b.Leak", "web1.size.a.b.Leak"]
    assert list(ask(store, "web[1-9].count.a.?t?er")) == ["web1.count.a.Other"]
    assert list(ask(store, "**.Leak")) == [
        f"{host}.{kind}.a.b.Leak" for host in ("web%2E2", "web1") for kind in ("count", "size")
    ]
    assert ask(store, "web1.count.A.*") == {}


def test_two_jvms_of_a_host_are_one_path(store: Store) -> None:
    found = ask(store, "web1.count.byte[]")["web1.count.byte[]"]
    assert {value for value in found if value is not None} == {10.0}


@pytest.mark.parametrize("inner", ["web1.size.**", "*.count.a.**", "web1.*.byte[]"])
def test_sums_by_the_engine_are_sums_of_lines(store: Store, inner: str) -> None:
    straight, around = ask(store, f"sumSeries({inner})"), ask(store, f"sumSeries(group({inner}))")
    assert list(straight.values()) == [pytest.approx(values) for values in around.values()]
    for call in ("groupByNode({}, 0, 'sum')", "groupByNodes({}, 'sum', 0, 2)"):
        one, other = ask(store, call.format(inner)), ask(store, call.format(f"group({inner})"))
        assert one == {name: pytest.approx(values) for name, values in other.items()}


@pytest.mark.parametrize("inner", ["'name=heap.bytes'", "'name=~heap.*','class=~a'", "'name=disk.used'"])
@pytest.mark.parametrize(
    "call", ["sumSeries({})", "groupByTags({},'sum','host')", "groupByNodes({},'sum','host','jvm')"]
)
def test_sums_by_tags_in_the_engine_are_sums_of_lines(store: Store, inner: str, call: str) -> None:
    one = ask(store, call.format(f"seriesByTag({inner})"))
    other = ask(store, call.format(f"group(seriesByTag({inner}))"))
    assert list(one.values()) == [pytest.approx(values) for values in other.values()]
    assert "sumSeries" in call or list(one) == list(other)


def test_plain_paths_and_tags(store: Store) -> None:
    assert set(ask(store, "web1.cpu.*")) == {"web1.cpu.load", "web1.cpu.idle"}
    assert set(ask(store, "seriesByTag('name=disk.used')")) == {
        "disk.used;host=web1;mount=/",
        "disk.used;host=web2;mount=/",
    }
    assert set(ask(store, "seriesByTag('name=disk.used','host=~web[13]')")) == {"disk.used;host=web1;mount=/"}
    assert set(ask(store, "aliasByTags(seriesByTag('name=disk.used','host!=web1'),'host','name')")) == {
        "web2.disk.used"
    }
    assert set(ask(store, "groupByTags(seriesByTag('name=disk.used'),'sum','mount')")) == {"sum;mount=/"}
    leaks = "seriesByTag('name=heap.bytes','class=a.b.Leak','host=web1')"
    assert set(ask(store, leaks)) == {
        f"heap.bytes;class=a.b.Leak;host=web1;jvm={jvm};mode=all;package=a.b" for jvm in ("cart", "shop")
    }
    assert ask(store, "disk.*") == {}


def test_the_rollup_between_two_points_can_be_chosen(store: Store) -> None:
    def narrow(target: str) -> list[float]:
        [line] = render(store, [target], Window(BEGIN - 1, BEGIN + 1200, 4), Limits())
        return [value for value in line.values.tolist() if not math.isnan(value)]

    assert max(narrow("consolidateBy(web1.cpu.load, 'max')")) == 19
    assert sum(narrow("consolidateBy(web1.cpu.load, 'sum')")) == sum(range(20))
    assert len(narrow("web1.cpu.load")) <= 5


def test_nodes_are_browsed_level_by_level(store: Store) -> None:
    paths = Paths(store.parts.names)

    def found(query: str) -> list[tuple[str, bool, bool]]:
        return [(each.path, each.leaf, each.branch) for each in paths.find(query)]

    assert found("*") == [("web%2E2", False, True), ("web1", False, True)]
    assert found("web1.*") == [(f"web1.{node}", False, True) for node in ("count", "cpu", "size")]
    assert found("web1.cpu.*") == [("web1.cpu.idle", True, False), ("web1.cpu.load", True, False)]
    assert found("web1.size.*") == [("web1.size.a", False, True), ("web1.size.byte[]", True, False)]
    assert found("web1.size.a.*") == [("web1.size.a.Other", True, False), ("web1.size.a.b", False, True)]
    assert "web1.size.a.b.Leak" in paths.all()


def test_tags_and_their_values_are_completed(store: Store) -> None:
    assert tag_names(store, [], "", 100) == ["class", "host", "jvm", "mode", "mount", "name", "package"]
    assert tag_names(store, ["name=disk.used"], "", 100) == ["host", "mount"]
    assert tag_values(store, [], "name", "", 100) == [
        "disk.used", "heap.bytes", "heap.instances", "web1.cpu.idle", "web1.cpu.load",
    ]  # fmt: skip
    assert tag_values(store, ["name=disk.used"], "host", "web", 1) == ["web1"]
    assert tag_values(store, ["jvm=shop"], "class", "a.", 9) == ["a.Other", "a.b.Leak"]


def test_a_request_over_a_limit_is_refused(store: Store) -> None:
    with pytest.raises(LimitExceeded, match="more than 1"):
        ask(store, "web1.cpu.*", series=1)
    with pytest.raises(LimitExceeded, match="reads up to"):
        ask(store, "web1.size.**", points=3)


WORDS = (
    "sumSeries( scale( alias( web1.cpu.* web1.size.** , ) 'x' \"y\" 2 -1 {a,b} [0-9] true = ; "
    "seriesByTag( 'name=x'"
)
PIECES = st.lists(st.sampled_from(WORDS.split()), max_size=12).map("".join)


@given(text=PIECES | st.text(max_size=60))
def test_any_target_has_an_answer_or_one_of_our_errors(store: Store, text: str) -> None:
    with contextlib.suppress(HeapwatchError):
        ask(store, text)


@given(text=st.text(max_size=40))
def test_any_text_is_a_moment_or_an_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert 0 <= moments.moment(text, NOW, UTC) <= moments.LATEST
