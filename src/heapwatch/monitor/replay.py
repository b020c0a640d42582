"""Forecasts of the past, judged anew: the watch that judges JVMs, over a store as it was at each moment.

The watch begins with the first look, as that of a server that was started then, and goes its round with each
look; what it tells then is what was said live of the same histograms. Only histograms' times and counters are
read, not their classes: leaks cannot be judged by that, and are none of its business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from heapwatch.detect.settings import Settings
from heapwatch.errors import UsageError
from heapwatch.model import Event
from heapwatch.monitor.kinds.base import Ending, Labels, matching
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.verdicts import ends_of
from heapwatch.store import Store
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.reads.observed import Life, Observed
from heapwatch.store.reads.past import PastLife, past

MOST_JUDGED = 20_000
MOST_SEEN = 2_000_000
"""A JVM at a look is one."""
RESOURCE = "resource"


class Replay:
    """Verdicts on the ends of resources in (from_, to], epoch ms; moments are asked for in their order."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        window_ms: int,
        from_: int,
        to: int,
        match: Labels | None = None,
        query_id: str | None = None,
    ) -> None:
        self.judged = 0
        self._seen = 0
        self._store = store
        self._settings = settings
        self._window_ms = window_ms
        self._range = from_ - window_ms, to
        self._match = {name: glob for name, glob in (match or {}).items() if name != RESOURCE}
        self._query_id = query_id
        self._watch: LeakWatch | None = None
        self._then = _Then([])

    def ends(self, at: int) -> Sequence[Ending]:
        """What the forecasts of a moment said."""
        watch = self._watch or self._begun()
        self._then.now = at
        self.judged += watch.round().judged
        self._seen += len(self._then.known)
        return ends_of(watch, at)

    def going_on(self) -> None:
        """UsageError when the whole takes longer than one waits for."""
        if self._watch is None:
            self._begun()
        if self.judged > MOST_JUDGED or self._seen > MOST_SEEN:
            raise UsageError(
                "too many JVMs are judged too often in this range: take a shorter one, match fewer JVMs, "
                "or look less often"
            )

    def _begun(self) -> LeakWatch:
        parts = self._store.parts.asked_by(self._query_id)
        self._then = _Then(past(parts, _Wanted(self._match), *self._range))
        self._watch = LeakWatch(
            self._then, self._settings, lambda: self._then.now, _tell_nobody, self._window_ms
        )
        return self._watch


class _Wanted:
    """Whether a life is one of those that the monitor matches."""

    def __init__(self, match: Labels) -> None:
        self._fits = matching(match)

    def __call__(self, each: Incarnation) -> bool:
        who = {name: str(value) for name, value in each.who._asdict().items()}
        return self._fits({**who, "service": each.labels.get("service", each.who.jvm)})


class _Then:
    """The store as it was at the moment `now`."""

    def __init__(self, known: Sequence[PastLife]) -> None:
        self.now = 0
        self.known = known
        self.findings = _NoFindings()
        self._by_id = {each.of.id: each for each in known}

    def lives(self, *, since: int = 0) -> list[Life]:
        found = (each.at(self.now) for each in self.known)
        return [each for each in found if each is not None and each.newest >= since]

    def observed(
        self, life: Life, *, from_: int, to: int, least: float, only: list[str] | None = None
    ) -> Observed | None:
        del least, only  # no class is read
        return self._by_id[life.id].observed(life, from_, to)

    def highest(self, life: Life, *, classes: list[str], before: int) -> NoReturn:
        raise AssertionError(f"{life.who} leaks {classes} before {before}, but no class was read")


class _NoFindings:
    """Without classes nothing is found."""

    def all(self) -> dict[str, str]:
        return {}

    def put(self, bodies: Mapping[str, str]) -> None:
        assert not bodies, bodies


def _tell_nobody(events: list[Event]) -> None:
    assert not events, events
