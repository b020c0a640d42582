"""What leaks is found, and what only looks like it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from simulated import Program, filling, leaking, sawing, together, turning, walking

from heapwatch import human
from heapwatch.detect import words
from heapwatch.detect.fleet import findings
from heapwatch.detect.history import History
from heapwatch.detect.judge import Judgement, judge
from heapwatch.detect.settings import Settings

SEEDS = range(1, 9)


def roots(found: Judgement) -> list[str]:
    return [leak.root for leak in found.leaks]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_class_that_only_ever_grows_leaks(seed: int) -> None:
    found = judge(Program(seed=seed, populations={"com.shop.Order": leaking(9)}).run())
    assert roots(found) == ["com.shop.Order"]
    leak = found.leaks[0]
    assert (leak.kind, leak.state, leak.confirmed_by) == ("heap", "confirmed", "old collection")
    assert leak.rate_low < leak.rate < leak.rate_high
    assert leak.rate == pytest.approx(9, rel=0.15)
    assert leak.balance.growth == pytest.approx(9, rel=0.2)


def test_the_interval_of_a_rate_holds_as_often_as_it_says() -> None:
    leaks = [
        judge(Program(seed=n, populations={"com.shop.Order": leaking(9)}).run()).leaks[0] for n in range(40)
    ]
    held = [leak.rate_low < 9 < leak.rate_high for leak in leaks]
    assert 0.85 <= np.mean(held) <= 1


@pytest.mark.parametrize(
    "population",
    [
        pytest.param(walking(900), id="a random walk"),
        pytest.param(filling(4000, 9), id="a cache that is full"),
        pytest.param(sawing(30, 20), id="a queue that is emptied"),
        pytest.param(turning(800, 400, 30), id="load by the hour"),
        pytest.param(lambda times, _: 50 * (times > 60), id="one step"),
        pytest.param(lambda times, _: 600 - np.abs(times - 60) * 9, id="up and down again"),
        pytest.param(lambda times, _: np.full(len(times), 70.0), id="nothing at all"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_bounded_is_no_leak(population: Callable[..., object], seed: int) -> None:
    assert roots(judge(Program(seed=seed, populations={"com.shop.Order": population}).run())) == []  # type: ignore[dict-item]


@pytest.mark.parametrize("seed", SEEDS)
def test_churn_alone_is_no_leak(seed: int) -> None:
    assert (
        judge(Program(seed=seed, churn={f"com.shop.T{n}": 1e-3 * (n + 1) for n in range(40)}).run()).leaks
        == []
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_leak_beneath_the_churn_of_its_own_class_is_seen(seed: int) -> None:
    program = Program(seed=seed, populations={"com.shop.Order": leaking(12)}, churn={"com.shop.Order": 4e-3})
    found = judge(program.run())
    assert roots(found) == ["com.shop.Order"]
    assert found.leaks[0].rate == pytest.approx(12, rel=0.25)


@pytest.mark.parametrize("seed", SEEDS)
def test_histograms_of_live_objects_confirm_by_themselves(seed: int) -> None:
    found = judge(Program(seed=seed, mode="live", populations={"com.shop.Order": leaking(9)}).run())
    assert [(leak.root, leak.state, leak.confirmed_by) for leak in found.leaks] == [
        ("com.shop.Order", "confirmed", "live histograms")
    ]
    calm = Program(seed=seed, mode="live", populations={"com.shop.Order": walking(500)})
    assert judge(calm.run()).leaks == []


def test_without_counters_the_smallest_heaps_are_judged_and_nothing_is_confirmed() -> None:
    history = replace(Program(populations={"com.shop.Order": leaking(400)}).run(), counters={})
    assert [(leak.root, leak.state) for leak in judge(history).leaks] == [("com.shop.Order", "suspect")]


def test_a_leak_in_a_load_that_comes_and_goes_shows_from_period_to_period() -> None:
    program = Program(seconds=180, populations={"com.shop.Session": turning(700, 350, 30, drift=3)})
    assert roots(judge(program.run())) == ["com.shop.Session"]


def test_a_leak_that_began_late_is_dated() -> None:
    found = judge(Program(populations={"com.shop.Order": leaking(30, start=70)}).run())
    assert roots(found) == ["com.shop.Order"]
    since = found.leaks[0].since
    assert since.low - 6 <= 70 <= since.high + 6


def test_classes_that_grow_together_are_one_leak_with_its_ratios_and_bytes() -> None:
    both = together(com_shop_Order=1, com_shop_Line=3, java_util_HashMap_Node=2)
    found = judge(Program(populations=both(9)).run())
    assert roots(found) == ["com.shop.Order"]
    leak = found.leaks[0]
    assert {name: round(ratio) for name, ratio in leak.family.items()} == {
        "com.shop.Order": 1, "com.shop.Line": 3, "java.util.HashMap.Node": 2,
    }  # fmt: skip
    assert leak.bytes_each == pytest.approx(48 + 3 * 32 + 2 * 40)


def test_two_leaks_of_constant_rates_are_two() -> None:
    found = judge(Program(populations={"com.shop.Order": leaking(40), "com.crm.Ticket": leaking(31)}).run())
    assert sorted(roots(found)) == ["com.crm.Ticket", "com.shop.Order"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("java.lang.Thread", "thread"),
        ("java.nio.DirectByteBuffer", "off-heap"),
        ("com.acme.PluginClassLoader", "class-loader"),
        ("com.acme.Thing", "heap"),
    ],
)
def test_a_name_tells_the_kind(name: str, kind: str) -> None:
    found = judge(Program(populations={name: leaking(3)}).run())
    assert [(leak.root, leak.kind) for leak in found.leaks] == [(name, kind)]


def test_without_an_old_collection_it_is_a_suspect_and_a_probe_decides() -> None:
    history = Program(populations={"com.shop.Order": leaking(9)}, old_every=0).run()
    assert [(leak.root, leak.state) for leak in judge(history).leaks] == [("com.shop.Order", "suspect")]
    alive = history.instances[-1, history.classes.index("com.shop.Order")]
    kept = judge(replace(history, survivors={"com.shop.Order": alive}))
    assert [(leak.state, leak.confirmed_by) for leak in kept.leaks] == [("confirmed", "probe")]
    assert judge(replace(history, survivors={"com.shop.Order": 210.0})).leaks == []


def test_what_a_probe_found_alive_in_part_stays_a_suspect_and_says_so() -> None:
    history = Program(populations={"com.shop.Order": leaking(9)}, old_every=0).run()
    first, last = history.instances[[0, -1], history.classes.index("com.shop.Order")]
    probed = replace(history, survivors={"com.shop.Order": first + 0.3 * (last - first)})
    [leak] = judge(probed).leaks
    assert (leak.state, leak.confirmed_by) == ("suspect", "")
    assert leak.kept is not None
    assert leak.kept.share == pytest.approx(0.3, abs=0.05)
    assert leak.kept.rate == pytest.approx(0.3 * leak.rate, rel=0.2)
    [finding] = findings([judge(probed)])
    assert f"of its growth {human.share(leak.kept.share)} was alive" in words.sentence(finding, str)
    assert judge(probed, Settings(cleared_share=0.4)).leaks == []


def test_the_end_of_the_heap_is_told() -> None:
    program = Program(populations={"com.shop.Order": leaking(20_000)}, heap_max=256e6)
    found = judge(program.run())
    assert found.heap is not None
    room = 0.97 * 256e6 - (200 + 20_000 * 120) * 48
    assert found.heap.seconds == pytest.approx(room / (20_000 * 48), rel=0.15)
    assert found.heap.low <= found.heap.seconds <= found.heap.high


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (Program(seconds=20).run(), "histograms, 40 are needed"),
        (Program(allocation=2e5).run(), "young collections, 3 are needed"),
    ],
)
def test_too_little_is_no_verdict(history: History, why: str) -> None:
    found = judge(history)
    assert found.leaks == []
    assert why in found.undecided


def leak() -> History:
    return Program(populations={"com.shop.Order": leaking(9), "com.shop.Walk": walking(500)}).run()


def test_the_order_of_classes_means_nothing() -> None:
    history = leak()
    order = np.random.default_rng(5).permutation(len(history.classes))
    turned = replace(
        history,
        classes=[history.classes[place] for place in order],
        instances=history.instances[:, order],
        bytes=history.bytes[:, order],
        rows=history.rows[:, order],
    )
    assert roots(judge(turned)) == roots(judge(history)) == ["com.shop.Order"]


@pytest.mark.parametrize("factor", [0.1, 60.0, 3600.0])
def test_the_unit_of_time_only_scales_rates(factor: float) -> None:
    history = leak()
    found, scaled = judge(history).leaks[0], judge(replace(history, times=history.times * factor)).leaks[0]
    assert scaled.root == found.root
    assert scaled.rate == pytest.approx(found.rate / factor)


def test_samples_that_come_twice_or_late_count_once() -> None:
    history = leak()
    again = np.concatenate([np.arange(len(history)), [3, 50, 50, 90]])
    doubled = history.cut(again)
    assert judge(doubled).leaks == judge(history).leaks


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_missing_samples_hide_no_leak_and_make_none(seed: int) -> None:
    kept = np.flatnonzero(np.random.default_rng(seed).uniform(size=120) > 0.3)
    for program, wanted in (
        (Program(seed=seed, populations={"com.shop.Order": leaking(9)}), ["com.shop.Order"]),
        (Program(seed=seed, populations={"com.shop.Order": walking(700)}), []),
    ):
        history = program.run()
        assert roots(judge(history.cut(kept))) == wanted


def test_the_collectors_filler_is_no_object_of_the_program() -> None:
    name = "jdk.internal.vm.FillerElement[]"
    found = judge(Program(populations={name: leaking(30)}).run())
    assert not found.undecided
    assert not found.leaks


def test_what_comes_with_loaded_classes_is_warm_up() -> None:
    program = Program(populations={"java.lang.Class": leaking(5), "java.lang.Object": leaking(5)})
    history = program.run()
    assert judge(history).leaks
    place = history.classes.index("java.lang.Class")
    loaded = {**history.counters, "loaded": history.instances[:, place] - 50}
    alone = history.only("java.lang.Class")
    assert not judge(replace(alone, counters=loaded, left_out=60)).leaks


def test_threads_leak_though_classes_are_loaded_beside() -> None:
    history = Program(populations={"java.lang.Thread": leaking(5)}).run()
    loaded = history.instances[:, history.classes.index("java.lang.Thread")] + 400
    found = judge(replace(history, counters={**history.counters, "loaded": loaded}))
    assert [leak.root for leak in found.leaks] == ["java.lang.Thread"]


def test_a_probe_stands_in_for_collections() -> None:
    """Eden was never emptied: churn and leak are both straight lines, but one histogram is live."""
    program = Program(seconds=118, allocation=0.15e6, populations={"com.shop.Order": leaking(9)}, old_every=0)
    history = program.run()
    assert "young collections" in judge(history).undecided
    alive = dict.fromkeys(history.classes, 5000.0)
    alive["com.shop.Order"] = float(history.instances[-1, history.classes.index("com.shop.Order")])
    found = judge(replace(history, survivors=alive))
    assert [leak.root for leak in found.leaks] == ["com.shop.Order"]
    assert found.leaks[0].confirmed_by == "probe"


def test_a_collector_without_generations_confirms_too() -> None:
    """ZGC and Shenandoah count concurrent cycles alone, each of the whole heap, and have no eden."""
    history = Program(populations={"com.shop.Order": leaking(30)}, churn={}).run()
    nan = np.full(len(history), np.nan)
    counters = {"young": nan, "full": nan, "eden": nan, "concurrent": np.arange(len(history)) / 5}
    [leak] = judge(replace(history, counters=counters)).leaks
    assert (leak.state, leak.confirmed_by) == ("confirmed", "old collection")


def test_threads_that_ended_are_garbage_until_they_are_collected() -> None:
    history = Program(populations={"java.lang.Thread": leaking(5)}, old_every=0).run()
    place = history.classes.index("java.lang.Thread")
    running = {**history.counters, "threads": history.instances[:, place] + 20}
    [leak] = judge(replace(history, counters=running)).leaks
    assert (leak.kind, leak.state) == ("thread", "suspect")
    ended = {**history.counters, "threads": np.full(len(history), 20.0)}
    assert not judge(replace(history, counters=ended)).leaks
