"""Every JVM judged when a block of its window ends, and the leaks of all, over restarts of the server.

    lives of the store -> those that are due -> judged -> leaks of each service -> records -> events

What is kept in memory of a life is its last judgement, the votes of the evaluations before, and its counts
at some moments; what is kept in the store is the records (records.py). After a restart every life is judged
once, from its histograms, and its records go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from heapwatch.detect import objects
from heapwatch.detect.fleet import Finding, findings
from heapwatch.detect.judge import Judgement, judge
from heapwatch.detect.levels import sketch
from heapwatch.detect.settings import Settings
from heapwatch.errors import HeapwatchError
from heapwatch.model import Event, JvmId
from heapwatch.monitor.clock import clock_of, milliseconds
from heapwatch.monitor.histories import history_of
from heapwatch.monitor.probed import judged_by, part_kept, probed_again
from heapwatch.monitor.proving import Observing, Reach, prove
from heapwatch.monitor.records import FIXED, STOPPED, SUSPECT, Record, same
from heapwatch.monitor.watched import (
    UP,
    Watched,
    crowded,
    gone_on,
    level_of,
    name_of,
    named,
    next_after,
    votes_of,
)
from heapwatch.store.reads.observed import Life

HOUR_MS = 3_600_000
LEAST_S = 5.0
"""Evaluations of one life are so far apart at least, however short its blocks are."""


PROBE_AGAIN_MS = 3_600_000
SILENT_MS = 900_000
"""A leaking JVM of which nothing is heard counts as gone after so long, unless its end was reported."""


class Keeping(Protocol):
    """What is kept of findings: bodies by their ids."""

    def all(self) -> dict[str, str]: ...

    def put(self, bodies: Mapping[str, str]) -> None: ...


class Source(Observing, Protocol):
    """What a watch needs of the store."""

    @property
    def findings(self) -> Keeping: ...

    def lives(self, *, since: int = 0) -> list[Life]: ...

    def highest(self, life: Life, *, classes: list[str], before: int) -> dict[str, float]: ...


@dataclass
class Round:
    """What one round did."""

    judged: int = 0
    events: list[Event] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class LeakWatch:
    """Judges on `round`, answers at any time; the two may be in different threads."""

    def __init__(
        self,
        source: Source,
        settings: Settings,
        clock: Callable[[], int],
        tell: Callable[[list[Event]], None],
        window_ms: int,
    ) -> None:
        self.settings = settings
        self.judged_at: int | None = None
        self._source = source
        self._clock = clock
        self._tell = tell
        self.window_ms = window_ms
        self._watched: dict[JvmId, Watched] = {}
        self._records: dict[str, Record] | None = None
        self._missed: dict[str, int] = {}  # record -> evaluations of its lives that did not find it
        self._asked: dict[str, int] = {}  # record -> when a probe was asked for
        self._ending = threading.Event()
        self._lock = threading.RLock()

    def stop(self) -> None:
        """End the round that runs, soon; what it found so far is found again after the next start."""
        self._ending.set()

    # ---- the work

    def round(self) -> Round:
        """Judge the lives that are due; one that fails does not keep the others."""
        done, now = Round(), self._clock()
        lives = self._source.lives(since=now - self.window_ms)
        fresh: set[JvmId] = set()
        for life in lives:
            if self._ending.is_set():
                return done
            if not self._due(life):
                continue
            try:
                watched = self._judge(life, now)
            except HeapwatchError as error:
                done.failures.append(f"{life.who.jvm} on {life.who.host}: {error}")
                self._ended_unseen(life)
                continue
            if watched is not None:
                fresh.add(life.who)
                done.judged += 1
                with self._lock:
                    self._watched[life.who] = watched
        with self._lock:
            self._forget(lives)
            self.judged_at = now
            if fresh or self._records is None or self._left_alone():
                done.events = self._conclude(fresh, now)
        self._tell(done.events)
        if done.failures:
            raise HeapwatchError(f"{len(done.failures)} JVMs could not be judged: {done.failures[0]}")
        return done

    def _left_alone(self) -> bool:
        """Whether an open leak has no JVM any more."""
        return any(each.is_open and not self._lives(each) for each in self._known().values())

    def _due(self, life: Life) -> bool:
        known = self._watched.get(life.who)
        if known is None:
            return True
        if life.state != UP and known.life.state == UP:
            return True  # its last judgement, at its end
        return life.newest - known.newest >= max(known.wait_ms, LEAST_S * 1000)

    def _judge(self, life: Life, now: int) -> Watched | None:
        from_ = max(now - self.window_ms, life.who.started)
        seen = self._source.observed(life, from_=from_, to=now, least=self.settings.growth)
        if seen is None:
            return None
        known = self._watched.get(life.who)
        history = history_of(seen)
        if known is not None and seen.probed is not None and seen.probed > known.newest:
            # A new probe is put beside what came before it: it collected what was dead itself.
            history = history.between(history.times[0], seen.probed / 1000)
        judgement = judge(history, self.settings, votes_of(known, len(history)))
        judgement = self._new_heights(judgement, life, int(seen.times[0]))
        kept = replace(judgement, history=sketch(judgement.history))
        wait = next_after(history, len(judgement.history), self.settings)
        return Watched(life, kept, int(seen.times[-1]), wait, len(judgement.history), seen.probed)

    def _new_heights(self, judgement: Judgement, life: Life, began: int) -> Judgement:
        """Without what was as high before the window as it is now: a day's rhythm is no leak."""
        if not judgement.leaks or life.who.started >= began - HOUR_MS:
            return judgement
        roots = [leak.root for leak in judgement.leaks]
        before = self._source.highest(life, classes=roots, before=began)
        least = self.settings.new_high
        new = [
            leak
            for leak in judgement.leaks
            if level_of(judgement, leak.root) - before.get(leak.root, 0.0) >= least * leak.grown
        ]
        return replace(judgement, leaks=new)

    def _ended_unseen(self, life: Life) -> None:
        """Its end counts, though its last histograms could not be judged."""
        known = self._watched.get(life.who)
        if known is not None and life.state != UP:
            known.life = life

    def _forget(self, lives: Sequence[Life]) -> None:
        known = {life.who: life for life in lives}
        self._watched = {
            who: gone_on(watched, known[who]) for who, watched in self._watched.items() if who in known
        }

    # ---- what it comes to

    def _conclude(self, fresh: set[JvmId], now: int) -> list[Event]:
        records = self._known()
        changed: set[str] = set()
        events: list[Event] = []
        found = self._findings()
        matched: set[str] = set()
        for finding in found:
            told = self._told(finding)
            record = same(records.values(), told)
            known = set() if record is None else set(record.lives)
            if record is None:
                record = Record.of(told, now)
                records[record.id] = record
            elif record.see(told, now):
                known = set()
            record.probe = part_kept(told, self._watched) or record.probe
            events += _events(record, now, [who for who in record.lives if who not in known])
            matched.add(record.id)
            changed.add(record.id)
            self._missed.pop(record.id, None)
        for record in records.values():
            if record.id not in matched and record.state != FIXED and self._settle(record, fresh, now):
                changed.add(record.id)
                events += _events(record, now, record.lives) if record.changed == now else []
        self._source.findings.put({each: records[each].to_json() for each in sorted(changed)})
        return events

    def _findings(self) -> list[Finding]:
        """Of the newest life on each host, if it lives; older ones are there to compare with."""
        alive = [each for each in self._watched.values() if each.life.state == UP]
        gone = [each for each in self._watched.values() if each.life.state != UP]
        several = crowded(alive)
        judged = [named(each, several) for each in alive]
        past = [replace(each.judgement, leaks=[]) for each in gone if not each.judgement.leaks]
        return findings([*past, *judged], self.settings)

    def _settle(self, record: Record, fresh: set[JvmId], now: int) -> bool:
        """A leak that is not found any more: proved to be fixed, or stopped; True when something changed."""
        probed = probed_again(record, self._watched, self._source, self.settings)
        if probed is not None:
            return judged_by(record, probed, now)
        after = self._after(record)
        news = False
        if after and any(each.life.who in fresh for each in after):
            proof = self._prove(record, after, now)
            news = proof is not None and proof != record.proof
            record.proof = proof or record.proof
            if proof is not None and proof["verdict"] == FIXED and not self._lives(record):
                record.becomes(FIXED, proof["sentence"], now)
                return True
        if record.state == STOPPED:
            return news
        if any(each.life.state == UP and each.verdict == "undecided" for each in after):
            return news  # started again, and too young to say
        alive = self._lives(record)
        silent_since = now - SILENT_MS
        if any(each.life.state != "exited" and each.newest > silent_since for each in self._of(record)):
            alive = alive or self._of(record)  # it may only be the way to us that is broken
        if any(each.life.who in fresh for each in alive):
            self._missed[record.id] = self._missed.get(record.id, 0) + 1
        cleared = any(each.judgement.history.survivors is not None for each in alive)
        if not alive or cleared or self._missed.get(record.id, 0) >= self.settings.of_evaluations:
            text = "none of its JVMs lives any more" if not alive else "it does not grow any more"
            text = "what grew was garbage, as live objects show" if cleared else text
            record.becomes(STOPPED, f"{record.told['class']}: {text}.", now)
            self._missed.pop(record.id, None)
            return True
        return news

    def _prove(self, record: Record, after: list[Watched], now: int) -> dict[str, Any] | None:
        starts = {
            JvmId(*(each[name] for name in JvmId._fields)): each["from_"] for each in record.told["jvms"]
        }
        leaking = [life for life in self._source.lives(since=min(starts.values())) if life.who in starts]
        return prove(
            record.told["class"],
            [Reach(life, starts[life.who], now) for life in leaking],
            [Reach(each.life, each.life.who.started, now) for each in after],
            self._source,
            self.settings,
        )

    def _after(self, record: Record) -> list[Watched]:
        """Lives of the service that began after those that leak."""
        began = max((who.started for who in record.lives), default=0)
        return [
            each
            for each in self._watched.values()
            if each.judgement.history.service == record.told["service"]
            and each.life.who.started > began
            and each.life.who not in record.lives
        ]

    def _lives(self, record: Record) -> list[Watched]:
        return [each for each in self._of(record) if each.life.state == UP]

    def _of(self, record: Record) -> list[Watched]:
        found = (self._watched.get(who) for who in record.lives)
        return [each for each in found if each is not None]

    def _told(self, finding: Finding) -> dict[str, Any]:
        told = objects.whole(finding, milliseconds, clock_of(self._clock()))
        several = crowded(self._watched.values())
        lives = {name_of(each, several): each for each in self._watched.values() if each.life.state == UP}
        for jvm in told["jvms"]:
            watched = lives[jvm["host"]]
            jvm.update(watched.life.who._asdict(), from_=int(watched.judgement.history.times[0] * 1000))
        return told

    def _known(self) -> dict[str, Record]:
        if self._records is None:
            bodies = self._source.findings.all()
            self._records = {id_: Record.from_json(body) for id_, body in bodies.items()}
        return self._records

    def probes(self, hosts: Collection[str]) -> list[JvmId]:
        """Of which JVMs on these hosts one histogram of live objects would confirm a suspect or clear it.

        One JVM a leak, the one where it grows fastest, and not again within the hour.
        """
        with self._lock:
            wanted = []
            for record in self._known().values():
                asked = self._asked.get(record.id, 0)
                if record.state != SUSPECT or self._clock() - asked < PROBE_AGAIN_MS:
                    continue
                fastest = record.probe or max(record.told["jvms"], key=lambda jvm: float(jvm["rate_per_s"]))
                if fastest["host"] in hosts:
                    self._asked[record.id] = self._clock()
                    wanted.append(JvmId(*(fastest[name] for name in JvmId._fields)))
            return wanted

    # ---- answers

    def records(self) -> list[Record]:
        """All that was found: what is open first, then what changed last."""
        with self._lock:
            found = list(self._known().values())
        return sorted(found, key=lambda each: (not each.is_open, -each.changed))

    def record(self, id_: str) -> Record | None:
        with self._lock:
            return self._known().get(id_)

    def acknowledge(self, id_: str, by: str, note: str, *, undo: bool = False) -> Record | None:
        """Somebody has seen it; or has not, after all."""
        with self._lock:
            record = self._known().get(id_)
            if record is not None:
                record.acknowledged = None if undo else {"by": by, "at": self._clock(), "note": note}
                self._source.findings.put({id_: record.to_json()})
            return record

    def watched(self) -> dict[JvmId, Watched]:
        """The last judgement of every life."""
        with self._lock:
            return dict(self._watched)


def _events(record: Record, now: int, lives: Iterable[JvmId]) -> list[Event]:
    """Its state, told of these lives."""
    text = record.history[-1]["text"]
    told = record.told
    return [
        Event(
            now,
            "leak",
            {
                "host": who.host,
                "jvm": who.jvm,
                "pid": str(who.pid),
                "started": str(who.started),
                "service": told["service"],
                "class": told["class"],
                "state": record.state,
                "leak": record.id,
            },
            text,
        )
        for who in lives
    ]
