"""What the detector says, as monitors look at it: now, and in the past by the records that were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from heapwatch import human
from heapwatch.errors import UsageError
from heapwatch.model import JvmId
from heapwatch.monitor.kinds.base import Ending, Leaking
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.records import OPEN, Record
from heapwatch.monitor.watched import UP


class LiveVerdicts:
    """Of a watch that goes on."""

    def __init__(self, watch: LeakWatch) -> None:
        self._watch = watch

    def leaks(self, at: int) -> Sequence[Leaking]:
        return leaks_at(self._watch.records(), at)

    def ends(self, at: int) -> Sequence[Ending]:
        return ends_of(self._watch, at)


class Forecasts(Protocol):
    """What was forecast by a moment."""

    def ends(self, at: int) -> Sequence[Ending]: ...


class PastVerdicts:
    """Leaks by the states that were noted. What was forecast is not kept; it is judged anew (replay.py)."""

    def __init__(self, records: Sequence[Record], forecasts: Forecasts | None = None) -> None:
        self._records = records
        self._forecasts = forecasts

    def leaks(self, at: int) -> Sequence[Leaking]:
        return leaks_at(self._records, at)

    def ends(self, at: int) -> Sequence[Ending]:
        if self._forecasts is None:
            raise UsageError("what was forecast is not kept, and was not judged anew")
        return self._forecasts.ends(at)


def ends_of(watch: LeakWatch, at: int) -> list[Ending]:
    """What lives end of, by the last judgement of each; what is left got less since then."""
    found = []
    for who, each in watch.watched().items():
        for end in each.judgement.ends if each.life.state == UP else ():
            gone = (at - each.newest) / 1000
            service = each.judgement.history.service
            labels = {**_who(who), "service": service, "resource": end.resource}
            text = f"{who.jvm} on {who.host}: {end.resource} is full in {human.duration(end.seconds - gone)}"
            found.append(Ending(labels, end.low - gone, end.seconds - gone, text))
    return found


def leaks_at(records: Sequence[Record], at: int) -> list[Leaking]:
    """The leaks that were open at a moment, one a JVM."""
    found = []
    for record in records:
        noted = [each for each in record.history if each["time"] <= at]
        if not noted or noted[-1]["state"] not in OPEN:
            continue
        state = str(noted[-1]["state"])
        known = record.acknowledged is not None and record.acknowledged["at"] <= at
        found += [_leaking(record, jvm, state, str(noted[-1]["text"]), known) for jvm in record.told["jvms"]]
    return found


def _leaking(record: Record, jvm: Mapping[str, Any], state: str, text: str, known: bool) -> Leaking:
    who = JvmId(*(jvm[name] for name in JvmId._fields))
    labels = {
        **_who(who),
        "leak": record.id,
        "service": str(record.told["service"]),
        "class": str(record.told["class"]),
        "state": state,
    }
    per_hour = float(jvm["rate_per_s"]) * float(jvm["bytes_per_leak"]) * 3600
    return Leaking(labels, state, known, per_hour, text)


def _who(who: JvmId) -> dict[str, str]:
    return {name: str(value) for name, value in who._asdict().items()}
