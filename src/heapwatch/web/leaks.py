"""What leaks, as the API answers it: records, verdicts of JVMs, proofs of fixes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heapwatch.detect import objects
from heapwatch.detect.settings import Settings
from heapwatch.errors import UsageError
from heapwatch.model import JvmId
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.proving import Reach, compare
from heapwatch.monitor.records import STATES, Record
from heapwatch.monitor.watched import UP, Watched
from heapwatch.store.errors import NotFound
from heapwatch.store.reads.observed import Life, Observed
from heapwatch.store.reads.selection import Selection, any_of

if TYPE_CHECKING:
    from heapwatch.store import Store

WHICH = ("open", "all", *STATES)


class UnknownLeak(NotFound):
    """No leak has this id."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a version, or a range of time (epoch ms)."""

    version: str | None = None
    from_: int | None = None
    to: int | None = None

    def reaches(self, lives: Sequence[Life], now: int) -> list[Reach]:
        """The parts of these lives that belong to it, one a life."""
        from_, to = self.from_ or 0, now if self.to is None else self.to
        return [
            Reach(life, max(from_, life.who.started), to)
            for life in lives
            if (self.version is None or life.labels.get("version", "") == self.version)
            and life.who.started <= to
            and life.newest >= from_
        ]


@dataclass(frozen=True)
class Asked:
    """The store under one asker's name, so that what runs stops when they hang up."""

    store: Store
    query_id: str | None

    def observed(
        self, life: Life, *, from_: int, to: int, least: float, only: list[str] | None = None
    ) -> Observed | None:
        return self.store.observed(life, from_=from_, to=to, least=least, only=only, query_id=self.query_id)


def leaks(
    watch: LeakWatch, *, state: str = "all", classes: Sequence[str] = (), **chosen: Any
) -> dict[str, Any]:
    """The records whose JVMs are selected, what is open first, and how the JVMs are."""
    if state not in WHICH:
        raise UsageError(f"state: {state!r} is none of {', '.join(WHICH)}")
    fits, named = _selecting(chosen), any_of(classes)
    found = [
        record
        for record in watch.records()
        if (state == "all" or record.state == state or (state == "open" and record.is_open))
        and any(fits(who, record.told) for who in record.lives)
        and any(named(name) for name in record.told["family"])
    ]
    counts = dict.fromkeys(("leaking", "suspect", "clean", "undecided"), 0)
    for each in watch.watched().values():
        if each.life.state == UP and fits(each.life.who, each.life.labels):
            counts[each.verdict] += 1
    return {"leaks": [record.spoken() for record in found], "jvms": counts, "judged": watch.judged_at}


def leak(watch: LeakWatch, *, id_: str) -> dict[str, Any]:
    record = watch.record(id_)
    if record is None:
        raise UnknownLeak(f"no leak has the id {id_!r}", [each.id for each in watch.records()[:3]])
    return record.spoken()


def verdicts(watch: LeakWatch, **chosen: Any) -> dict[str, Any]:
    """What is said of each JVM that was judged."""
    fits, records = _selecting(chosen), watch.records()
    rows = [
        _verdict(each, records) for each in watch.watched().values() if fits(each.life.who, each.life.labels)
    ]
    return {"jvms": sorted(rows, key=lambda row: (row["host"], row["jvm"], row["started"], row["pid"]))}


def beside(watch: LeakWatch) -> Mapping[JvmId, dict[str, Any]]:
    """What a row of the fleet shows of its JVM's verdict."""
    records = watch.records()
    return {who: _row(each, records) for who, each in watch.watched().items()}


def verify(
    store: Store,
    settings: Settings,
    now: int,
    *,
    service: str,
    before: Side,
    after: Side,
    classes: Sequence[str] = (),
    query_id: str | None = None,
) -> dict[str, Any]:
    """Whether what leaked before leaks after: two versions, or two ranges."""
    mine = [each for each in store.lives() if each.labels.get("service", each.who.jvm) == service]
    if not mine:
        known = sorted({each.labels.get("service", each.who.jvm) for each in store.lives()})
        raise NotFound(f"no service {service!r} has histograms", known[:3])
    was, now_ = before.reaches(mine, now), after.reaches(mine, now)
    for name, side, reaches in (("before", before, was), ("after", after, now_)):
        if not reaches and (name == "before" or side.version is not None):
            what = f"version {side.version!r}" if side.version is not None else "that range"
            raise NotFound(f"{name}: {service} has no histograms of {what}", _versions(mine))
    proofs, new = compare(was, now_, classes, Asked(store, query_id), settings)
    return {
        "service": service,
        "proofs": proofs,
        "new": new,
        "before": _described(was),
        "after": _described(now_),
    }


def _versions(lives: Sequence[Life]) -> list[str]:
    return sorted({each.labels["version"] for each in lives if each.labels.get("version")})


def _described(reaches: Sequence[Reach]) -> dict[str, Any]:
    return {
        "from": min((each.from_ for each in reaches), default=None),
        "to": max((min(each.to, each.life.newest) for each in reaches), default=None),
        "versions": _versions([each.life for each in reaches]),
        "jvms": len(reaches),
    }


def _verdict(each: Watched, records: Sequence[Record]) -> dict[str, Any]:
    history = each.judgement.history
    return {
        **each.life.who._asdict(),
        "service": history.service,
        "version": history.version,
        "verdict": each.verdict,
        "reason": each.judgement.undecided,
        "at": each.newest,
        "leaks": [record.id for record in _open_on(each, records)],
        "exhaustions": [objects.exhaustion(each.life.who.host, end) for end in each.judgement.ends],
    }


def _row(each: Watched, records: Sequence[Record]) -> dict[str, Any]:
    soonest = min(each.judgement.ends, key=lambda end: end.seconds, default=None)
    return {
        "verdict": each.verdict,
        "verdict_reason": each.judgement.undecided,
        "leaks": [
            {"id": record.id, "class": record.told["class"], "state": record.state}
            for record in _open_on(each, records)
        ],
        "full_in_s": soonest and soonest.seconds,
        "full_between_s": soonest and [soonest.low, objects.known(soonest.high)],
        "full_of": soonest and soonest.resource,
    }


def _open_on(each: Watched, records: Sequence[Record]) -> list[Record]:
    return [record for record in records if record.is_open and each.life.who in record.lives]


class _selecting:  # noqa: N801 - a predicate, called like one
    """Whether a JVM is among those that the API's parameters select."""

    def __init__(self, chosen: Mapping[str, Any]) -> None:
        self._selection = Selection.of(chosen)
        self._hosts, self._jvms = any_of(self._selection.host), any_of(self._selection.jvm)

    def __call__(self, who: JvmId, labels: Mapping[str, Any]) -> bool:
        wanted = self._selection
        return (
            self._hosts(who.host)
            and self._jvms(who.jvm)
            and wanted.pid in (None, who.pid)
            and all(any_of([value])(str(labels.get(name, ""))) for name, value in wanted.labels.items())
        )
