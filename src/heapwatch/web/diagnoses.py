"""Diagnoses that were sent here: kept for those who look at a class later, and marked on the charts.

They are all in memory, so their number and size are bounded: the oldest make room. Sending one again
changes nothing: its id is of the JVM's life and the moment.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.model import Event
from heapwatch.store.errors import NotFound
from heapwatch.store.kept import Kept
from heapwatch.web.diagnosis_answers import Diagnosis, DiagnosisRow, NewDiagnosis, Way

ROOM = "diagnoses"
MOST = 500
LARGEST = 1 << 20
MOST_BYTES = 32 << 20

_AHEAD_MS = 300_000


class Diagnoses:
    """One server's. Writers take turns; durable when `keep` returns."""

    def __init__(self, kept: Kept, note: Callable[[list[Event]], None], clock: Callable[[], int]) -> None:
        self._kept = kept
        self._note = note
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, Diagnosis]] = {}  # by id, each with its size
        for id_, body in kept.all(ROOM).items():
            self._known[id_] = len(body), Diagnosis.model_validate_json(body)

    def keep(self, given: NewDiagnosis, by: str) -> Diagnosis:
        """Store one, and mark it on its JVM."""
        if given.time > self._clock() + _AHEAD_MS:
            raise UsageError("the diagnosis is of the future: the clock of its host is ahead of the server's")
        life = f"{given.host}\n{given.jvm}\n{given.pid}\n{given.started}\n{given.time}"
        id_ = hashlib.sha256(life.encode("utf-8", "backslashreplace")).hexdigest()[:16]
        one = Diagnosis(**dict(given), id=id_, by=by)
        body = one.model_dump_json(by_alias=True, exclude_none=True)
        if len(body) > LARGEST:
            raise UsageError(f"a diagnosis has at most {LARGEST >> 20} MiB; this one has {len(body)} bytes")
        self._note([_event(one)])
        with self._lock:
            known = {**self._known, id_: (len(body), one)}
            gone = _too_many(known)
            self._kept.put(ROOM, {id_: body, **dict.fromkeys(gone, "")})
            self._known = {key: each for key, each in known.items() if key not in gone}
        return one

    def rows(
        self, hosts: Sequence[str], jvms: Sequence[str], classes: Sequence[str], limit: int
    ) -> dict[str, Any]:
        """Newest first; with classes only those that say who holds one, or suspect one."""
        found = [
            _row(one).model_dump(by_alias=True)
            for _, one in sorted(self._known.values(), key=lambda each: -each[1].time)
            if _fits(one.host, hosts) and _fits(one.jvm, jvms) and _is_about(one, classes)
        ]
        return {"diagnoses": found[:limit]}

    def one(self, id_: str) -> dict[str, Any]:
        known = self._known.get(id_)
        if known is None:
            raise NotFound(f"there is no diagnosis {id_!r}", list(self._known)[-3:])
        return known[1].model_dump(by_alias=True)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    """Only * and ? are special: a class may be called `byte[]`."""
    return not patterns or any(fnmatchcase(name, each.replace("[", "[[]")) for each in patterns)


def _ways(one: NewDiagnosis) -> list[Way]:
    dump = one.holders.heap_dump
    return [*one.holders.jfr, *(dump.ways if dump else [])]


def _is_about(one: NewDiagnosis, classes: Sequence[str]) -> bool:
    if not classes:
        return True
    names = {one.suspect or ""}.union(
        *({way.class_, *(link.holder for link in way.chain)} for way in _ways(one))
    )
    return any(_fits(name, classes) for name in names)


def _row(one: Diagnosis) -> DiagnosisRow:
    pauses = [step.pause_ms for step in one.steps if step.pause_ms is not None]
    return DiagnosisRow(
        **{name: getattr(one, name) for name in DiagnosisRow.model_fields if hasattr(one, name)},
        ways=len(_ways(one)),
        longest_pause_ms=max(pauses, default=None),
        pause_ms=sum(pauses) if pauses else None,
    )


def _too_many(known: dict[str, tuple[int, Diagnosis]]) -> set[str]:
    """Those that have to go, the oldest first; what came last stays."""
    newest = list(known)[-1]
    size, gone = sum(each for each, _ in known.values()), set[str]()
    for id_ in sorted(known, key=lambda key: known[key][1].time):
        if len(known) - len(gone) <= MOST and size <= MOST_BYTES:
            break
        if id_ != newest:
            gone.add(id_)
            size -= known[id_][0]
    return gone


def _event(one: Diagnosis) -> Event:
    labels = {
        "host": one.host,
        "jvm": one.jvm,
        "pid": str(one.pid),
        "started": str(one.started),
        "diagnosis": one.id,
    }
    if one.suspect:
        labels["class"] = one.suspect
    sure = "" if one.confirmed_by or not one.suspect else " (not confirmed)"
    return Event(one.time, "diagnosis", labels, f"suspect: {one.suspect or 'none'}{sure}")
