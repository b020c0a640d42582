"""Who lives: from the JVMs of one look to the next, what began, what ended, and what that means.

    a JVM that is new           start, or restart when one of its name ended shortly before
    a version label that moved  deploy
    a JVM that is gone          exit, or oom when it ended for lack of memory

JVMs that ran before the agent did are taken note of without an event.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from heapwatch.model import Event, Target

Key = Tuple[int, int]  # pid and start: what a reused pid cannot forge

RESTART_WITHIN_S = 900.0


class Changes(NamedTuple):
    """What is different from the look before."""

    new: List[Target]
    changed: List[Target]  # known, but more is known of it now
    gone: List[Target]
    events: List[Event]


class _Departed(NamedTuple):
    target: Target
    at: float


def key_of(target: Target) -> Key:
    return target.pid, target.start_ticks


class Census:
    """Compares looks. `labels` makes an event's labels; `why_gone` may know why a JVM ended."""

    def __init__(
        self,
        labels: Callable[[Target], Mapping[str, str]],
        why_gone: Callable[[Target], str] = lambda _: "",
    ) -> None:
        self._labels = labels
        self._why_gone = why_gone
        self._known: Dict[Key, Target] | None = None
        self._departed: List[_Departed] = []

    def look(self, found: Sequence[Target], time: int, now: float) -> Changes:
        """Take note of the JVMs that run now. `time` is for events, `now` a clock that only goes forward."""
        first = self._known is None
        known = self._known or {}
        current = {key_of(target): target for target in found}
        gone = [target for key, target in known.items() if key not in current]
        new = [target for key, target in current.items() if key not in known]
        changed = [target for key, target in current.items() if key in known and known[key] != target]
        self._departed = [one for one in self._departed if now - one.at <= RESTART_WITHIN_S]
        events = [self._end(target, time, now) for target in gone]
        if not first:
            for target in new:
                events += self._beginning(target, time)
        self._known = current
        return Changes(new, changed, gone, events)

    def _end(self, target: Target, time: int, now: float) -> Event:
        self._departed.append(_Departed(target, now))
        why = self._why_gone(target)
        text = f"{target.name} (pid {target.pid}) ended" + (f": {why}" if why else "")
        return Event(time, "oom" if why else "exit", self._labels(target), text)

    def _beginning(self, target: Target, time: int) -> List[Event]:
        labels = self._labels(target)
        before = next((one.target for one in self._departed if one.target.name == target.name), None)
        if before is None:
            return [Event(time, "start", labels, f"{target.name} started as pid {target.pid}")]
        self._departed = [one for one in self._departed if one.target is not before]
        text = f"{target.name} started again as pid {target.pid}, after pid {before.pid}"
        events = [Event(time, "restart", labels, text)]
        old, version = self._labels(before).get("version", ""), labels.get("version", "")
        if old != version:
            change = f"{target.name} changed from version {old or '(none)'} to {version or '(none)'}"
            events.append(Event(time, "deploy", labels, change))
        return events
