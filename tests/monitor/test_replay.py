"""Forecasts that are judged anew are those that a live server told of the same histograms."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from simulated import Program, leaking

from heapwatch.cli.recordings import snapshots
from heapwatch.detect.settings import Settings
from heapwatch.errors import UsageError
from heapwatch.model import LIVE, Batch, Event, JvmId, MetricBlock, Snapshot
from heapwatch.monitor import marked, replay
from heapwatch.monitor.kinds.base import Monitor
from heapwatch.monitor.kinds.exhaustion import Exhaustion
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.load import combined
from heapwatch.monitor.replay import Replay
from heapwatch.monitor.sight import Sight
from heapwatch.monitor.states import Transition
from heapwatch.monitor.stretch import tried
from heapwatch.monitor.verdicts import LiveVerdicts, PastVerdicts
from heapwatch.monitor.watch import MonitorWatch
from heapwatch.store import Settings as StoreSettings
from heapwatch.store import Store, open_store
from heapwatch.store.reads import past

pytestmark = pytest.mark.store

START = 1_790_000_040_000
STEP_S, SECONDS = 10, 1000
WINDOW_MS = 600_000
RULES = """
monitors:
  - {name: heap, kind: exhaustion, resources: [heap], every: 10s, delay: 0s, warning: {below: 2h},
     critical: {below: 20m, until: 25m}, by: [host]}
  - {name: container, kind: exhaustion, resources: [container], match: {host: web3}, every: 10s, delay: 0s,
     for: 20s, critical: {below: 2h}}
"""
MONITORS = combined([marked.parse(RULES, "r.yml")]).monitors


@dataclass(frozen=True)
class Lived:
    """What a server told live, and where the same can be read again."""

    store: Store
    told: list[Transition]
    from_: int
    to: int

    def again(self, monitor: Monitor) -> list[Transition]:
        assert isinstance(monitor, Exhaustion)
        anew = Replay(self.store, Settings(), WINDOW_MS, self.from_, self.to, monitor.match)
        eyes = Sight(self.store, PastVerdicts([], anew))
        found = tried(monitor, eyes, self.from_, self.to, anew.going_on)
        assert (found.errors, found.looks) == (0, SECONDS // STEP_S)
        return found.transitions


def who(number: int) -> JvmId:
    return JvmId(f"web{number}", "shop", number, START - number * 1000)


def taken(number: int, rate: float, heap_max: float) -> dict[int, Snapshot]:
    """A histogram at every step."""
    program = Program(
        SECONDS + STEP_S, seed=number, populations={"com.shop.Order": leaking(rate)}, heap_max=heap_max
    )
    history = program.run().cut(slice(STEP_S - 1, None, STEP_S))
    rows = snapshots(history, who(number), {})
    return {step: replace(row, time=START + step * STEP_S * 1000) for step, row in enumerate(rows, 1)}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """web1 fills up, is probed, and ends; web2 is silent for a while; web3 fills its container."""
    clock = [START]
    settings = StoreSettings(readers=1, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("replay"), settings, clock=lambda: clock[0]) as store:
        told: list[Transition] = []
        leaks = LeakWatch(store, Settings(), lambda: clock[0], lambda _: None, WINDOW_MS)
        watch = MonitorWatch(store.kept, Sight(store, LiveVerdicts(leaks)), lambda: clock[0], told.extend)
        watch.use(combined([marked.parse(RULES, "r.yml")]))
        heaps = {1: taken(1, 4000, 512e6), 2: taken(2, 1000, 256e6), 3: taken(3, 10, 512e6)}
        for step in range(1, SECONDS // STEP_S + 1):
            clock[0] = now = START + step * STEP_S * 1000
            store.insert([arriving(step, now, heaps)])
            leaks.round()
            watch.round()
        yield Lived(store, told, START + STEP_S * 1000, clock[0])


def arriving(step: int, now: int, heaps: dict[int, dict[int, Snapshot]]) -> Batch:
    there = [
        number
        for number in heaps
        if not (number == 1 and step > 80) and not (number == 2 and 60 <= step < 75)
    ]
    labels = {name: str(value) for name, value in who(3)._asdict().items()}
    used = {"cgroup.memory.limit": array("d", [2e9]), "cgroup.memory.used": array("d", [1e9 + 2e6 * step])}
    ended = [Event(now, "exit", {n: str(v) for n, v in who(1)._asdict().items()})] if step == 81 else []
    probe = [replace(heaps[1][step], mode=LIVE, time=now - 2000)] if step == 70 else []
    return Batch(
        "tests",
        step,
        [heaps[number][step] for number in there] + probe,
        [MetricBlock(labels, array("q", [now]), used)],
        ended,
    )


def test_forecasts_judged_anew_make_a_monitor_do_what_it_did_live(lived: Lived) -> None:
    for monitor in MONITORS:
        live = [each for each in lived.told if each.monitor == monitor.name]
        assert live != []
        assert lived.again(monitor) == live
    changed = {
        (each.labels["host"], (each.time - START) // 1000): (each.before, each.after) for each in lived.told
    }
    assert ("ok", "critical") in changed.values()
    assert changed["web1", 810] == ("warning", "ok")  # it has ended
    assert changed["web2", 690] == ("warning", "ok")  # nothing was heard for 90 s
    assert changed["web2", 750] == ("ok", "warning")
    assert [each.after for each in lived.told if each.monitor == "container"] == ["pending", "critical"]


def test_what_would_take_too_long_is_refused_and_not_half_done(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MOST_JUDGED", 5)
    with pytest.raises(UsageError, match="judged too often in this range: take a shorter one"):
        lived.again(MONITORS[0])
    monkeypatch.setattr(past, "MOST_HISTOGRAMS", 50)
    with pytest.raises(UsageError, match="histograms are more than 50: take a shorter range"):
        lived.again(MONITORS[0])
