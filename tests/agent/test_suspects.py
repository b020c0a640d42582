"""Suspects, found while a JVM runs: what is one, what is none, and how little is kept for it."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import Floats, Program, filling, leaking, sawing, together, turning, walking

from heapwatch.agent.suspects import Suspect, Suspects, pace, rank, utc
from heapwatch.agent.trend import BLOCKS, MOST_TRACKS, Trend
from heapwatch.cli.recordings import snapshots
from heapwatch.detect.history import History
from heapwatch.model import ALL, LIVE, Histogram, JvmId, Snapshot

ORDER = "com.shop.Order"
SEEDS = [1, 2, 3, 4]
LIFE = JvmId("web1", "shop", 7, 1_700_000_000_000)
Population = Callable[..., Floats]


def taken(program: Program | History, life: JvmId = LIFE) -> list[Snapshot]:
    history = program.run() if isinstance(program, Program) else program
    return list(snapshots(history, life, {}))


def told(histograms: Iterable[Snapshot], suspects: Suspects | None = None) -> Suspects:
    """What is suspect after these."""
    suspects = suspects or Suspects()
    for snapshot in histograms:
        suspects.add(snapshot, "com.shop.Main")
    return suspects


def roots(suspects: Suspects) -> list[str]:
    return [suspect.name for suspect in suspects.found]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rate", [1, 9, 200])
def test_a_class_that_only_ever_grows_is_suspect(seed: int, rate: float) -> None:
    (suspect,) = told(taken(Program(seed=seed, populations={ORDER: leaking(rate)}))).found
    assert (suspect.name, suspect.companions) == (ORDER, ())
    assert suspect.rate == pytest.approx(rate, rel=0.25)
    assert suspect.since - LIFE.started < 30_000
    assert suspect.old_collections in (2, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_still_suspect_when_its_life_has_become_long(seed: int) -> None:
    program = Program(seconds=700, seed=seed, populations={ORDER: leaking(3)})
    assert roots(told(taken(program))) == [ORDER]


@pytest.mark.parametrize(
    "population",
    [
        pytest.param(walking(900), id="a random walk"),
        pytest.param(filling(4000, 9), id="a cache that is full"),
        pytest.param(sawing(30, 20), id="a queue that is emptied"),
        pytest.param(turning(800, 400, 30), id="load by the hour"),
        pytest.param(lambda times, _: 50 * (times > 60), id="one step"),
        pytest.param(lambda times, _: 600 - abs(times - 60) * 9, id="up and down again"),
        pytest.param(lambda times, _: 70.0 + 0 * times, id="nothing at all"),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_bounded_is_no_suspect(population: Population, seed: int) -> None:
    suspects = told(taken(Program(seconds=150, seed=seed, populations={ORDER: population})))
    assert (suspects.found, suspects.undecided) == ((), "")


@pytest.mark.parametrize("seed", SEEDS)
def test_churn_alone_is_no_suspect(seed: int) -> None:
    churn = {f"com.shop.T{n}": 1e-3 * (n + 1) for n in range(40)}
    assert roots(told(taken(Program(seed=seed, churn=churn)))) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_leak_beneath_the_churn_of_its_own_class_is_seen(seed: int) -> None:
    program = Program(seed=seed, populations={ORDER: leaking(12)}, churn={ORDER: 4e-3})
    (suspect,) = told(taken(program)).found
    assert suspect.name == ORDER
    assert suspect.rate == pytest.approx(12, rel=0.3)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_histograms_of_live_objects_too(seed: int) -> None:
    assert roots(told(taken(Program(seed=seed, mode="live", populations={ORDER: leaking(9)})))) == [ORDER]
    assert not told(taken(Program(seed=seed, mode="live", populations={ORDER: walking(500)}))).found


def test_without_counters_the_smallest_heaps_are_looked_at() -> None:
    history = replace(Program(populations={ORDER: leaking(400)}).run(), counters={})
    (suspect,) = told(taken(history)).found
    assert (suspect.name, suspect.old_collections) == (ORDER, None)
    assert "not known" in suspect.reason()


def test_counters_that_can_be_read_later_begin_a_new_count() -> None:
    histograms = taken(Program(populations={ORDER: leaking(9)}))
    blind = [replace(each, heap={}) for each in histograms[:20]]
    assert roots(told([*blind, *histograms[20:]])) == [ORDER]
    assert told([*blind, *histograms[20:50]]).undecided == "30 of the 40 histograms that it takes"


def test_a_leak_that_began_late_is_dated() -> None:
    program = Program(seconds=200, populations={ORDER: leaking(30, start=70)})
    (suspect,) = told(taken(program)).found
    assert suspect.since - LIFE.started == pytest.approx(70_000, abs=15_000)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_growing_load_is_no_leak(seed: int) -> None:
    """Twice the requests, twice the garbage, and twice the objects that live."""
    history = Program(seconds=160, seed=seed, populations={ORDER: lambda t, _: 900 + 900 * t / 160}).run()
    filled = (history.times + history.times**2 / 320) * 12e6
    young, eden = filled // 24e6, filled % 24e6
    place, instances = history.classes.index(ORDER), history.instances.copy()
    instances[:, place] += eden * 1e-5
    counters = {**history.counters, "young": young, "eden": eden}
    assert roots(told(taken(replace(history, instances=instances, counters=counters)))) == []
    idle = {**counters, "young": history.counters["young"]}
    instances[:, place] += (history.counters["eden"] - eden) * 1e-5
    idle["eden"] = history.counters["eden"]
    assert roots(told(taken(replace(history, instances=instances, counters=idle)))) == [ORDER]


def test_classes_that_grow_together_are_told_together_and_the_applications_own_names_them() -> None:
    both = together(com_shop_Line=3, java_util_HashMap_Node=1, java_net_URL=1)(9)
    both["byte[]"] = both["java.net.URL"]
    (suspect,) = told(taken(Program(populations=both, churn={}))).found
    assert suspect.name == "com.shop.Line"
    assert set(suspect.companions) == {"java.util.HashMap.Node", "java.net.URL", "byte[]"}
    suspects = Suspects()
    suspects.found = (suspect,)
    assert suspects.companions()["byte[]"] == "com.shop.Line"


def test_two_leaks_are_two() -> None:
    suspects = told(taken(Program(populations={ORDER: leaking(40), "com.crm.Ticket": leaking(31)})))
    assert sorted(roots(suspects)) == ["com.crm.Ticket", ORDER]


def test_containers_name_a_leak_only_when_nothing_better_grows() -> None:
    node = "java.util.HashMap$Node"
    (suspect,) = told(taken(Program(populations={ORDER: leaking(40), node: leaking(31)}))).found
    assert (suspect.name, suspect.companions) == (ORDER, (node,))
    assert roots(told(taken(Program(populations={node: leaking(31)})))) == [node]


def test_bytes_alone_are_named_by_nobody() -> None:
    assert roots(told(taken(Program(populations={"byte[]": leaking(40)}, churn={})))) == []


def test_names_stand_in_the_order_in_which_they_tell_something() -> None:
    names = ["com.shop.Order", "akka.actor.Cell", "java.net.URL", "java.util.HashMap$Node", "byte[]"]
    assert [rank(name, "com.shop.Main") for name in names] == [0, 1, 2, 3, 4]
    assert rank("Child", "Main") < rank("akka.actor.Cell", "Main")
    assert rank("com.shop.Order[]", "com.shop.Main") == rank("java.lang.String", "")


# -- more and less than was hoped for --------------------------------------------------------------------


def test_until_there_is_enough_it_says_what_is_missing() -> None:
    histograms = taken(Program(populations={ORDER: leaking(9)}))
    assert Suspects().undecided == "no histograms yet"
    assert told(histograms[:39]).undecided == "39 of the 40 histograms that it takes"
    quiet = Program(seconds=60, allocation=0.5e6, populations={ORDER: leaking(9)})
    assert told(taken(quiet)).undecided.endswith("of the 3 young collections that it takes")


def test_a_restart_and_a_clock_set_back_begin_anew() -> None:
    histograms = taken(Program(populations={ORDER: leaking(9)}))
    after = taken(Program(seconds=30), LIFE._replace(started=LIFE.started + 10_000_000))
    suspects = told(after, told(histograms))
    assert (suspects.found, suspects.undecided) == ((), "30 of the 40 histograms that it takes")
    assert told(histograms[:30], told(histograms)).undecided == "30 of the 40 histograms that it takes"
    again = told(histograms, told(histograms[-1:], told(histograms)))
    assert roots(again) == [ORDER], "one that comes twice changes nothing"


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 50), shuffle=st.integers(0, 99))
def test_the_order_of_classes_says_nothing(seed: int, shuffle: int) -> None:
    order = random.Random(shuffle)
    histograms = taken(
        Program(seconds=90, seed=seed, populations={ORDER: leaking(9), "com.a.B": walking(500)})
    )
    shuffled = []
    for snapshot in histograms:
        rows = list(zip(snapshot.histogram.classes, snapshot.histogram.instances, strict=True))
        order.shuffle(rows)
        shuffled.append(replace(snapshot, histogram=histogram(dict(rows))))
    assert told(shuffled).found == told(histograms).found


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 50), data=st.data())
def test_missing_histograms_change_no_verdict(seed: int, data: st.DataObject) -> None:
    program = Program(seconds=160, seed=seed, populations={ORDER: leaking(9), "com.a.B": sawing(30, 20)})
    lost = data.draw(st.sets(st.integers(0, 159), max_size=60))
    kept = [snapshot for n, snapshot in enumerate(taken(program)) if n not in lost]
    assert roots(told(kept)) == [ORDER]


WAYS: list[Callable[[int, random.Random], int]] = [
    lambda n, _: 10 * n,
    lambda n, _: int(1.2**n),
    lambda n, _: 50 * (n % 7 > 0),
    lambda _, chance: chance.randrange(100),
    lambda _, chance: chance.randrange(2**62),
]
COUNTERS = ["eden_used", "young_collections", "old_collections", "concurrent_collections"]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), mode=st.sampled_from([ALL, LIVE]), gap=st.sampled_from([1, 1000, 10**7]))
def test_whatever_a_jvm_says_there_is_a_verdict(seed: int, mode: str, gap: int) -> None:
    chance, suspects, time = random.Random(seed), Suspects(), 0
    ways = {name: chance.choice(WAYS) for name in ["a.A", "a.B", "byte[]", "java.util.HashMap", "c"]}
    known = [name for name in COUNTERS if chance.random() < 0.8]
    for n in range(90):
        time += chance.randrange(1, gap + 1)
        counts = {name: way(n, chance) for name, way in ways.items()}
        heap = {name: n * chance.random() * 1e9 for name in known if chance.random() < 0.95}
        taken = histogram({name: count for name, count in counts.items() if count})
        suspects.add(Snapshot(LIFE, time, mode, taken, heap=heap))
        for suspect in suspects.found:
            assert suspect.grown > 0
            assert suspect.name in suspect.sentence(utc)
            assert suspect.reason()
        assert len(suspects.news(utc)) <= 5
    names = [suspect.name for suspect in suspects.found] + [*suspects.companions()]
    assert len(set(names)) == len(names), "each class in one family"


# -- bounds ---------------------------------------------------------------------------------------------


def histogram(counts: dict[str, int]) -> Histogram:
    column = array("q", counts.values())
    return Histogram(list(counts), column, column, array("q", [1] * len(counts)))


def test_a_month_takes_no_more_than_an_hour() -> None:
    trend = Trend("live")
    for hour in range(24 * 30):
        trend.add(hour * 3600.0, histogram({ORDER: 100 + hour, "com.shop.Fixed": 9}), {})
        assert len(trend.blocks) <= BLOCKS
    assert list(trend.tracks) == [ORDER], "what never moves costs nothing"
    (track,) = trend.tracks.values()
    assert len(track.counts) == len(trend.blocks)
    assert 48 <= track.counts[-1] - track.counts[0] < 72, "of the last two days or so"


def crowd(chance: random.Random) -> Iterator[dict[str, int]]:
    """Seven hundred classes that come and go, and one that only comes."""
    for n in range(200):
        yield {**{f"com.lib.C{c}": chance.randrange(100, 5000) for c in range(700)}, ORDER: 100 + 7 * n}


def test_where_hundreds_of_classes_move_the_few_that_only_rise_are_followed() -> None:
    trend = Trend("live")
    for second, counts in enumerate(crowd(random.Random(3))):
        trend.add(float(second), histogram(counts), {})
        assert len(trend.tracks) <= MOST_TRACKS
    assert ORDER in trend.tracks
    assert max(trend.tracks.values(), key=lambda track: track.steadiness()) is trend.tracks[ORDER]


# -- words ----------------------------------------------------------------------------------------------


def test_a_suspect_is_told_in_a_sentence() -> None:
    suspect = Suspect(ORDER, 41.2, 1_700_000_000_000, 5412, 1300.0, ("a", "b"), 3)
    assert suspect.sentence(utc) == (
        "com.shop.Order seems to leak: 41 objects/s since 2023-11-14 22:13 UTC, 2 classes grow with it"
    )
    assert suspect.reason() == (
        "5,412 more in 22 min, in many steps; 3 old collections in that time did not undo it"
    )
    assert "may be garbage" in suspect._replace(old_collections=0).reason()
    alone = suspect._replace(companions=(), rate=0.2)
    assert alone.sentence(lambda _: "now") == "com.shop.Order seems to leak: 12 objects/min since now"
    assert pace(0.001) == "4 objects/h"


def test_news_come_once_for_a_change_and_not_for_ever() -> None:
    suspects = Suspects()
    one = Suspect(ORDER, 41.2, 1_700_000_000_000, 5412, 1300.0, ("com.shop.Line",), 3)
    suspects.found = (one,)
    (news,) = suspects.news(utc)
    assert news.startswith("com.shop.Order seems to leak: 41 objects/s")
    suspects.found = (one._replace(name="com.shop.Line", companions=(ORDER,)),)
    assert suspects.news(utc) == [], "the same family by another name"
    suspects.found = ()
    assert suspects.news(utc) == ["com.shop.Order does not seem to leak any more"]
    heard = 0
    for n in range(100):
        suspects.found = (one,) if n % 2 else ()
        heard += len(suspects.news(utc))
    assert heard == 22
