"""Leaks over time, on a real store: found, confirmed, acknowledged, stopped, fixed; over restarts too."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from simulated import Floats, Program, leaking

from heapwatch.cli.recordings import snapshots
from heapwatch.detect.settings import Settings
from heapwatch.model import Batch, Event, JvmId
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.records import CONFIRMED, FIXED, STOPPED, SUSPECT, Record
from heapwatch.store import Settings as StoreSettings
from heapwatch.store import Store, open_store

pytestmark = pytest.mark.store

START = 1_790_000_000_000
HOUR = 3_600_000
ORDER, LINE = "com.shop.Order", "com.shop.Line"


def arriving(rate: float, each: int = 1) -> Callable[[Floats, np.random.Generator], Floats]:
    """A leak whose arrivals are the same whatever else the program does: so others can follow it."""
    return lambda times, _chance: leaking(rate, each=each)(times, np.random.default_rng(7))


LEAKS = {ORDER: arriving(40), LINE: arriving(40, each=2)}


class Clock:
    """The store's, which only the scenes move."""

    now = START

    def __call__(self) -> int:
        return self.now


class Scene:
    """JVMs of one service, days after those of the scene before."""

    def __init__(self, store: Store, clock: Clock, number: int) -> None:
        self.store = store
        self.clock = clock
        self.service = f"shop{number}"
        self.start = clock.now = clock.now + 48 * HOUR
        self.events: list[Event] = []
        self._numbers = itertools.count(1)
        self._seen: dict[JvmId, int] = {}

    @property
    def now(self) -> int:
        return self.clock.now

    def wait(self, seconds: float) -> None:
        self.clock.now += int(seconds * 1000)

    def records(self, watch: LeakWatch) -> list[Record]:
        return [each for each in watch.records() if each.told["service"] == self.service]

    def watch(self, settings: Settings | None = None) -> LeakWatch:
        return LeakWatch(self.store, settings or Settings(), self.clock, self._tell, 12 * HOUR)

    def _tell(self, events: list[Event]) -> None:
        self.events += [each for each in events if each.labels["service"] == self.service]
        self.store.note(events)

    def run(self, program: Program, *, started: int | None = None, until: int | None = None) -> JvmId:
        """The program's histograms up to a second of its life; more of them at the next call."""
        started = self.start if started is None else started
        who = JvmId(program.host, self.service, 100 + started % 97, started)
        history = replace(program.run(), service=self.service)
        taken = [
            each
            for each in snapshots(history, who, {})
            if each.time > self._seen.get(who, 0) and (until is None or each.time <= started + until * 1000)
        ]
        self._seen[who] = max([each.time for each in taken], default=self._seen.get(who, 0))
        self.clock.now = max(self.now, self._seen[who])
        self.store.insert([Batch(self.service, next(self._numbers), snapshots=taken)])
        return who

    def exit(self, who: JvmId) -> None:
        labels = {"host": who.host, "jvm": who.jvm, "pid": str(who.pid), "started": str(who.started)}
        self.store.insert(
            [Batch(self.service, next(self._numbers), events=[Event(self.now, "exit", labels)])]
        )


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Store]:
    settings = StoreSettings(readers=2, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("monitor"), settings, clock=clock) as opened:
        yield opened


_scenes = itertools.count(1)


@pytest.fixture
def scene(store: Store, clock: Clock) -> Scene:
    return Scene(store, clock, next(_scenes))


def test_a_leak_of_three_hosts_is_one_finding_and_is_told_once(scene: Scene) -> None:
    for number in range(3):
        scene.run(Program(seconds=240, seed=number, host=f"host{number}", populations=LEAKS))
    watch = scene.watch()
    done = watch.round()
    assert done.judged == 3
    [record] = scene.records(watch)
    assert record.state == CONFIRMED
    assert record.told["class"] == ORDER
    assert record.told["scope"] == "systemic"
    assert record.told["hosts"] == ["host0", "host1", "host2"]
    assert record.told["family"][LINE] == pytest.approx(2, abs=0.05)
    assert {event.labels["host"] for event in scene.events} == {"host0", "host1", "host2"}
    assert all(event.kind == "leak" and event.labels["state"] == CONFIRMED for event in scene.events)
    watch.round()  # nothing is new
    assert len(scene.events) == 3
    stored = scene.store.events(from_=scene.start - HOUR, to=scene.now + HOUR)["events"]
    told = [event for event in stored if event["labels"].get("service") == scene.service]
    assert [event["kind"] for event in told].count("leak") == 3


def test_it_goes_on_after_a_restart_of_the_server(scene: Scene) -> None:
    program = Program(seconds=400, populations=LEAKS)
    scene.run(program, until=240)
    first = scene.watch()
    first.round()
    [before] = scene.records(first)
    first.acknowledge(before.id, "ada", "in work")
    again = scene.watch()
    assert [each.id for each in scene.records(again)] == [before.id]
    scene.run(program)
    again.round()
    [after] = scene.records(again)
    assert after.id == before.id
    assert after.acknowledged == {"by": "ada", "at": after.acknowledged["at"], "note": "in work"}
    assert len(scene.events) == 1
    assert after.told["jvms"][0]["rate_per_s"] == pytest.approx(40, rel=0.1)


def test_a_suspect_is_confirmed_by_an_old_collection(scene: Scene) -> None:
    program = Program(seconds=500, populations=LEAKS, old_every=300)
    scene.run(program, until=200)
    watch = scene.watch()
    watch.round()
    assert [each.state for each in scene.records(watch)] == [SUSPECT]
    scene.run(program)
    watch.round()
    [record] = scene.records(watch)
    assert record.state == CONFIRMED
    assert [each["state"] for each in record.history] == [SUSPECT, CONFIRMED]
    assert [event.labels["state"] for event in scene.events] == [SUSPECT, CONFIRMED]


def test_a_leak_whose_jvm_ended_has_stopped(scene: Scene) -> None:
    who = scene.run(Program(seconds=240, populations=LEAKS))
    watch = scene.watch()
    watch.round()
    scene.exit(who)
    scene.wait(60)
    watch.round()
    [record] = scene.records(watch)
    assert record.state == STOPPED
    assert "lives" in record.history[-1]["text"]


def test_silence_is_no_end(scene: Scene) -> None:
    scene.run(Program(seconds=240, populations=LEAKS))
    watch = scene.watch()
    watch.round()
    scene.wait(300)
    watch.round()
    assert [each.state for each in scene.records(watch)] == [CONFIRMED]
    scene.wait(900)
    watch.round()
    assert [each.state for each in scene.records(watch)] == [STOPPED]


@pytest.mark.parametrize("hosts", [1, 3])
def test_a_fix_is_proved_with_the_balance_before_and_after(scene: Scene, hosts: int) -> None:
    births = {"byte[]": 2e-3, ORDER: 4e-4}
    for number in range(hosts):
        old = scene.run(
            Program(seconds=240, seed=number, host=f"host{number}", populations=LEAKS, version="1.0")
        )
    watch = scene.watch()
    watch.round()
    for number in range(hosts):
        scene.exit(replace_host(old, f"host{number}"))
    restart = scene.now + 5000
    for number in range(hosts):
        scene.run(
            Program(
                seconds=200,
                seed=9 + number,
                host=f"host{number}",
                churn=births,
                populations={ORDER: lambda times, _chance: np.full(len(times), 300.0)},
                version="1.1",
            ),
            started=restart,
        )
    watch.round()
    [record] = scene.records(watch)
    assert record.proof is not None
    assert record.proof["verdict"] == FIXED, record.proof
    assert record.state == FIXED
    assert record.proof["before"]["balance"] == pytest.approx(0, abs=0.2)
    assert record.proof["after"]["balance"] > 0.8
    assert record.proof["hosts"] == [f"host{number}" for number in range(hosts)]
    assert scene.events[-1].labels["state"] == FIXED


def test_a_fix_that_is_rolled_out_host_by_host_is_proved_for_all(scene: Scene) -> None:
    old = [
        scene.run(Program(seconds=240, seed=number, host=f"host{number}", populations=LEAKS))
        for number in range(3)
    ]
    watch = scene.watch()
    watch.round()
    for number in (0, 1):
        scene.exit(old[number])
    longer = Program(seconds=300, seed=2, host="host2", populations=LEAKS)
    scene.run(longer)
    watch.round()
    [record] = scene.records(watch)
    assert record.is_open
    assert record.told["hosts"] == ["host0", "host1", "host2"]
    assert record.told["scope"] == "systemic"
    scene.exit(old[2])
    restart = scene.now + 5000
    for number in range(3):
        flat = {ORDER: lambda times, _chance: np.full(len(times), 300.0)}
        fixed = Program(seconds=200, seed=9 + number, host=f"host{number}", populations=flat, version="1.1")
        scene.run(replace(fixed, churn={"byte[]": 2e-3, ORDER: 4e-4}), started=restart)
    watch.round()
    [record] = scene.records(watch)
    assert record.state == FIXED
    assert record.proof is not None
    assert record.proof["hosts"] == ["host0", "host1", "host2"]


@pytest.mark.parametrize("garbage", [False, True])
def test_a_probe_clears_or_confirms_a_suspect(scene: Scene, garbage: bool) -> None:
    program = Program(seconds=300, populations=LEAKS, old_every=0)
    who = scene.run(program, until=240)
    watch = scene.watch()
    watch.round()
    [record] = scene.records(watch)
    assert record.state == SUSPECT
    assert watch.probes({"elsewhere"}) == []
    assert watch.probes({who.host}) == [who]
    assert watch.probes({who.host}) == []  # not again within the hour
    history = program.run()
    alive = replace(history.cut(slice(240, 241)), mode="live", service=scene.service)
    if garbage:
        alive = replace(alive, instances=history.instances[:1])
    [probe] = snapshots(alive, who, {})
    scene.store.insert([Batch("prober", who.started, snapshots=[probe])])
    scene.run(program)
    watch.round()
    [record] = scene.records(watch)
    assert record.state == (STOPPED if garbage else CONFIRMED)
    assert ("garbage" if garbage else "probe") in record.history[-1]["text"]


@pytest.mark.parametrize("goes_on", [True, False])
def test_where_a_probe_kept_a_part_the_next_one_decides(scene: Scene, goes_on: bool) -> None:
    def alive(times: Floats) -> Floats:
        return np.round(200 + 12 * (times if goes_on else np.minimum(times, 241)))

    def counted(times: Floats, chance: np.random.Generator) -> Floats:
        arrived = leaking(28)(times, chance) - 200
        return alive(times) + arrived - np.where(times > 241, arrived[np.argmax(times > 241)], 0)

    program = Program(seconds=520, populations={ORDER: counted}, old_every=0)
    history = replace(program.run(), service=scene.service)

    def probe(who: JvmId, second: int) -> None:
        then = history.cut(slice(second, second + 1))
        of_order = [each == ORDER for each in then.classes]
        lived = np.where(of_order, alive(then.times)[:, None], then.instances)
        [taken] = snapshots(replace(then, mode="live", instances=lived), who, {})
        scene.store.insert([Batch("prober", who.started + second, snapshots=[taken])])

    who = scene.run(program, until=240)
    watch = scene.watch()
    watch.round()
    probe(who, 240)
    for second in (260, 300, 360, 420, 480):
        scene.run(program, until=second)
        watch.round()
        [record] = scene.records(watch)
        assert record.state == SUSPECT, record.history
    assert [jvm["kept"]["share"] for jvm in record.told["jvms"]] == [pytest.approx(0.3, abs=0.05)]
    watch = scene.watch()  # what was found is kept over a restart
    probe(who, 481)
    scene.run(program)
    watch.round()
    [record] = scene.records(watch)
    assert record.state == (CONFIRMED if goes_on else STOPPED)
    assert [each["state"] for each in record.history] == [SUSPECT, record.state]
    scene.wait(3600)
    assert watch.probes({who.host}) == []  # it is decided


def test_a_leak_that_the_new_version_has_too_stays_open(scene: Scene) -> None:
    old = scene.run(Program(seconds=240, populations=LEAKS, version="1.0"))
    watch = scene.watch()
    watch.round()
    scene.exit(old)
    scene.run(Program(seconds=240, seed=5, populations=LEAKS, version="1.1"), started=scene.now + 5000)
    watch.round()
    [record] = scene.records(watch)
    assert record.is_open
    assert record.lives[0].started > old.started


def test_a_healthy_jvm_is_clean_and_a_young_one_undecided(scene: Scene) -> None:
    scene.run(Program(seconds=240, host="old"))
    scene.run(Program(seconds=20, host="young"), started=scene.start + 200_000)
    watch = scene.watch()
    watch.round()
    assert not scene.records(watch)
    verdicts = {who.host: each for who, each in watch.watched().items()}
    assert verdicts["old"].verdict == "clean"
    assert verdicts["young"].verdict == "undecided"
    assert "histograms" in verdicts["young"].judgement.undecided


def test_a_life_is_judged_again_only_when_a_block_has_ended(scene: Scene) -> None:
    program = Program(seconds=260, populations=LEAKS)
    scene.run(program, until=240)
    watch = scene.watch()
    assert watch.round().judged == 1
    scene.run(program, until=243)
    assert watch.round().judged == 0
    scene.run(program)
    assert watch.round().judged == 1


def test_a_young_life_is_looked_at_a_few_times_until_it_can_be_judged(scene: Scene) -> None:
    program = Program(seconds=140, populations=LEAKS)
    watch = scene.watch()
    looks = []
    for second in range(2, 140, 2):
        scene.run(program, until=second)
        looks += [second] * watch.round().judged
    assert sum(second < 40 for second in looks) <= 4, looks
    verdicts = [
        each.verdict for each in watch.watched().values() if each.judgement.history.service == scene.service
    ]
    assert verdicts == ["leaking"]


def test_processes_of_one_service_on_one_host_are_told_apart(scene: Scene) -> None:
    one = scene.run(Program(seconds=240, seed=1, populations=LEAKS))
    other = scene.run(Program(seconds=230, seed=2, populations=LEAKS), started=scene.start + 1000)
    watch = scene.watch()
    watch.round()
    [record] = scene.records(watch)
    assert set(record.lives) == {one, other}
    assert record.told["scope"] == "systemic"


def replace_host(who: JvmId, host: str) -> JvmId:
    return JvmId(host, *who[1:])


def test_votes_are_kept_between_evaluations(scene: Scene) -> None:
    """A class is named when it is a candidate in most of the last evaluations, not in one of them."""
    program = Program(seconds=400, populations={ORDER: leaking(40, start=200)})
    scene.run(program, until=240)
    watch = scene.watch(replace(Settings(), needed=4))
    counted = watch.round().judged
    for second in range(250, 401, 15):
        scene.run(program, until=second)
        counted += watch.round().judged
        if scene.records(watch):
            break
    assert counted >= 4
    assert scene.records(watch)


def test_a_days_rhythm_is_no_leak_though_its_morning_rises(scene: Scene) -> None:
    """The window has the rising half of the second day alone; the first day was as high."""

    def sessions(times: Floats, chance: np.random.Generator) -> Floats:
        day = np.maximum(1 - np.cos(times / 86_400 * 2 * np.pi), 0) * 4000
        return 500.0 + day + chance.normal(0, 8, len(times))

    who = JvmId("host1", scene.service, 7, scene.start)
    history = Program(seconds=1300, populations={"com.shop.Session": sessions}).run()
    times = history.times * 100  # 36 hours, a histogram in 100 s
    day = sessions(times, np.random.default_rng(1))
    counts = history.instances.copy()
    counts[:, history.classes.index("com.shop.Session")] = np.round(day)
    taken = list(snapshots(replace(history, times=times, instances=counts, service=scene.service), who, {}))
    until = scene.start + int(35 * HOUR)
    taken = [each for each in taken if each.time <= until]
    for start in range(0, len(taken), 200):
        scene.clock.now = taken[min(start + 199, len(taken) - 1)].time
        scene.store.insert([Batch(scene.service, start + 1, snapshots=taken[start : start + 200])])
    watch = scene.watch(Settings(elasticity=0.0))  # as where births are not seen
    watch.round()
    assert "com.shop.Session" in {each.told["class"] for each in scene.records(watch)}
    scene.store.rollup()
    again = LeakWatch(scene.store, Settings(elasticity=0.0), scene.clock, lambda _events: None, 12 * HOUR)
    again.round()
    assert again.watched()[who].verdict == "clean"
