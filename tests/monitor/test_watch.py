"""Monitors on a real store over time: the live ones and those that are tried on the past are the same."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from heapwatch.errors import UsageError
from heapwatch.model import Batch, MetricBlock
from heapwatch.monitor import marked, stretch
from heapwatch.monitor.backtest import backtest
from heapwatch.monitor.load import Rulebook, combined
from heapwatch.monitor.sight import Sight
from heapwatch.monitor.silences import silence
from heapwatch.monitor.states import Transition
from heapwatch.monitor.stretch import MOST_SINGLE, Stretch, tried
from heapwatch.monitor.verdicts import PastVerdicts
from heapwatch.monitor.watch import MonitorWatch
from heapwatch.store import Settings, Store, open_store

pytestmark = pytest.mark.store

START = 1_790_000_040_000
MINUTE = 60_000


@dataclass
class Scene:
    """A store whose clock the tests move, and what was told."""

    store: Store
    clock: list[int]
    told: list[Transition] = field(default_factory=list)
    number: int = 0

    def watch(self, book: Rulebook) -> MonitorWatch:
        def tell(transitions: Sequence[Transition]) -> None:
            self.told += transitions

        watch = MonitorWatch(
            self.store.kept, Sight(self.store, PastVerdicts([])), lambda: self.clock[0], tell
        )
        watch.use(book)
        return watch

    def arrive(self, metric: str, **values: float) -> None:
        """A value of each host."""
        self.number += 1
        times = array("q", [self.clock[0] - 5000])
        blocks = [
            MetricBlock({"host": host}, times, {metric: array("d", [value])})
            for host, value in values.items()
        ]
        self.store.insert([Batch("tests", self.number, metrics=blocks)])


def book(metric: str, more: str = "") -> Rulebook:
    text = f"""
monitors:
  - {{name: {metric}, kind: query, query: "metric={metric} | max by host", every: 1m, delay: 20s, window: 3m,
     step: 30s, when: all, points: 2, for: 1m, recovery: 2m, warning: {{above: 80, until: 70}},
     critical: {{above: 90}}, no_data: {{after: 2m}}, labels: {{team: shop}}{more}}}
  - {{name: {metric}-moves, kind: query, query: "metric={metric} | sum by host | delta", every: 1m, delay: 0s,
     window: 2m, step: 1m, critical: {{above: 15}}}}
"""
    return combined([marked.parse(text, "r.yml")])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    clock = [START]
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("watch"), settings, clock=lambda: clock[0]) as store:
        yield Scene(store, clock)


VALUES = [50, 85, 85, 95, 95, 95, 95, 95, 85, 75, 60, 60, 60, 60, None, None, None, None, None, 60, 60, 60]


def play(scene: Scene, watch: MonitorWatch, metric: str, values: Sequence[int | None]) -> tuple[int, int]:
    """The values as they come, two a minute, and a look a minute."""
    begin = scene.clock[0] // MINUTE * MINUTE
    for number, value in enumerate(values):
        for half in (20_000, 50_000):
            scene.clock[0] = begin + number * MINUTE + half
            if value is not None:
                scene.arrive(metric, web1=value, web2=100 - value)
        scene.clock[0] = begin + (number + 1) * MINUTE + 2000
        watch.round()
    return begin + MINUTE, scene.clock[0]


def test_what_is_tried_on_the_past_is_what_the_live_monitor_did(scene: Scene) -> None:
    rules, scene.told = book("load"), []
    from_, to = play(scene, scene.watch(rules), "load", VALUES)
    assert {each.after for each in scene.told} >= {
        "pending",
        "warning",
        "critical",
        "recovering",
        "ok",
        "no_data",
    }
    for monitor in rules.monitors:
        eyes = Sight(scene.store, PastVerdicts([]))
        live = [each for each in scene.told if each.monitor == monitor.name]
        assert live == backtest(monitor, eyes, from_, to, eyes.forget).transitions
        assert live == tried(monitor, eyes, from_, to).transitions


SHAPES = {
    "metric=shapes | max by host": True,
    "metric=shapes | avg": True,
    "metric=shapes host=web1": True,
    "metric=shapes | quantize using max | sum by host": True,
    "metric=shapes | eval 2 * _value | where _value > 100 | count by host": True,
    "#A: metric=shapes | max by host\n#B: metric=shapes | min by host\n#C: #A - #B along host": True,
    "metric=nothing.like.it | max by host": True,
    "metric=shapes | sum by host | delta": False,
    "metric=shapes | sum by host | where max > 90": False,
    "metric=shapes | topk(1, max)": False,
    "metric=shapes | fillmissing using 0 | sum by host": False,
    "metric=shapes | quantize to 2m using max | sum by host": False,
}


@pytest.fixture(scope="module")
def shapes(scene: Scene) -> tuple[int, int]:
    """Two hosts, one with a gap, and times with several points in a bucket and with none."""
    return play(scene, scene.watch(Rulebook()), "shapes", [*VALUES, 96, 2, None, 97])


@pytest.mark.parametrize("query", SHAPES)
def test_one_question_for_many_looks_shows_what_each_look_shows(
    scene: Scene, shapes: tuple[int, int], query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretch, "POINTS", 13)  # so that looks begin at, end at and lie across its edges
    (monitor,) = combined(
        [
            marked.parse(
                json.dumps(
                    {
                        "monitors": [
                            {"name": "shape", "kind": "query", "query": query, "every": "1m", "delay": "20s"}
                            | {"window": "3m", "step": "30s", "when": "average", "critical": {"above": 90}}
                            | {"points": 2, "no_data": {"after": "2m"}}
                        ]
                    }
                ),
                "r.yml",
            )
        ]
    ).monitors
    eyes = Sight(scene.store, PastVerdicts([]))
    assert Stretch(eyes, shapes[1]).together(monitor) is SHAPES[query]
    if SHAPES[query]:
        assert tried(monitor, eyes, *shapes) == backtest(monitor, eyes, *shapes, eyes.forget)


def test_looks_that_are_asked_for_one_by_one_are_no_more_than_one_waits_for(scene: Scene) -> None:
    _, moves = book("shapes").monitors
    eyes = Sight(scene.store, PastVerdicts([]))
    with pytest.raises(UsageError, match=r"2002 looks of this monitor are asked for one by one"):
        tried(moves, eyes, START, START + (MOST_SINGLE + 1) * MINUTE)


def test_states_go_on_after_an_end_without_warning(scene: Scene) -> None:
    rules, scene.told = book("again"), []
    play(scene, scene.watch(rules), "again", [50, 95, 95, 95, 95, 95, 95])
    before = scene.told
    assert [each.after for each in before if each.monitor == "again"][-1] == "critical"
    scene.told = []
    watch = scene.watch(rules)  # nothing was said to the one before
    scene.clock[0] += 30_000
    play(scene, watch, "again", [95, 95])
    assert [each for each in scene.told if each.monitor == "again" and each.labels["host"] == "web1"] == []
    kept = watch.history("again", before[0].time, scene.clock[0], 100)
    assert kept[-1]["before"] == "ok"
    assert kept[0]["value"] == 95
    assert kept[0]["query"] == "metric=again | max by host"
    assert kept[0]["labels"] == {"team": "shop", "host": "web1"}


def test_a_reload_keeps_what_goes_on_and_drops_what_is_gone(scene: Scene) -> None:
    rules = book("kept")
    watch = scene.watch(rules)
    play(scene, watch, "kept", [95, 95, 95, 95])
    monitor = replace_for(rules)
    watch.use(monitor)
    ((_, watched),) = watch.watched()
    assert watched is not None
    assert sorted(each.state for each in watched.states.values()) == ["critical", "ok"]
    watch.use(Rulebook())
    assert watch.watched() == []


def replace_for(rules: Rulebook) -> Rulebook:
    return replace(rules, monitors=[rules.monitors[0].model_copy(update={"description": "new"})])


def test_a_silence_is_noted_with_what_happens_and_outlives_a_restart(scene: Scene) -> None:
    rules, scene.told = book("quiet"), []
    watch = scene.watch(rules)
    watch.round()
    now = scene.clock[0]
    one = watch.silence(silence("qui*", {"host": "web1"}, now, now + 60 * MINUTE, "ann", "deploy"))
    play(scene, watch, "quiet", [95, 95, 95, 95])
    noted = {(each.labels["host"], each.silenced) for each in scene.told if each.monitor == "quiet"}
    assert noted == {("web1", f"silence {one.id}")}
    again = scene.watch(rules)
    again.round()
    assert again.silences.known == {one.id: one}
    again.unsilence(one.id)
    assert scene.store.kept.all("silence") == {}
