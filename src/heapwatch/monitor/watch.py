"""All monitors, looked at when they are due; what they are outlives a restart, however sudden.

    due -> evaluate -> transitions stored -> states stored -> told

A crash in between repeats a transition at most; it never loses one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.monitor.evaluate import States, evaluate, tick_of
from heapwatch.monitor.kinds.base import Labels, Monitor
from heapwatch.monitor.load import Rulebook
from heapwatch.monitor.sight import Sight
from heapwatch.monitor.silences import Silence, Silences
from heapwatch.monitor.states import OK, State, Transition
from heapwatch.store.kept import Kept

STATES, SILENCES = "monitor_state", "silence"
GAP = 3
"""After so many looks that were left out, time in which nothing was seen does not count."""


@dataclass
class Watched:
    """One monitor as it was looked at last."""

    monitor: Monitor
    states: dict[str, State] = field(default_factory=dict)
    tick: int = 0
    resumed: int = 0
    error: str = ""
    took_ms: float = 0.0


class MonitorWatch:
    """`round` runs in one thread; answers may be asked for from others."""

    def __init__(
        self, kept: Kept, sight: Sight, clock: Callable[[], int], tell: Callable[[Sequence[Transition]], None]
    ) -> None:
        self.silences = Silences()
        self.book = Rulebook()
        self._kept = kept
        self._sight = sight
        self._clock = clock
        self._tell = tell
        self._watched: dict[str, Watched] = {}
        self._lock = threading.RLock()
        self._read = False

    def use(self, book: Rulebook) -> None:
        """These monitors from now on; those of the same name and kind go on from where they are."""
        with self._lock:
            before, self.book = self._watched, book
            self._watched = {}
            for monitor in book.monitors:
                known = before.get(monitor.name)
                if not monitor.enabled:
                    continue
                if known is not None and known.monitor.kind == monitor.kind:
                    known.monitor = monitor
                    self._watched[monitor.name] = known
                else:
                    self._watched[monitor.name] = Watched(monitor)
            if self._read:
                self._remember(before)

    def round(self) -> int:
        """Look with every monitor that is due; how many were."""
        now, looked = self._clock(), 0
        with self._lock:
            if not self._read:
                self._remember({})
            due = [each for each in self._watched.values() if tick_of(each.monitor, now) > each.tick]
        self._sight.forget()
        for each in due:
            self._look(each, tick_of(each.monitor, now))
            looked += 1
        return looked

    def _look(self, each: Watched, tick: int) -> None:
        if each.tick < tick - GAP * each.monitor.every:
            each.resumed = tick
        found = evaluate(each.monitor, tick, self._sight, each.states, each.resumed)
        transitions = [
            replace(one, silenced=self.silences.quiet(each.monitor, one.labels, tick))
            for one in found.transitions
        ]
        self._kept.add([(one.time, one.monitor, json.dumps(asdict(one))) for one in transitions])
        self._keep(each, found.states)
        with self._lock:
            each.states, each.tick, each.error = dict(found.states), tick, found.error
        if transitions:
            self._tell(transitions)

    def _keep(self, each: Watched, states: States) -> None:
        """Store what is otherwise than it was: a state, or since when something is so."""
        bodies = {
            f"{each.monitor.name}\0{key}": json.dumps([each.monitor.kind, asdict(state)])
            for key, state in states.items()
            if key not in each.states or _lasting(each.states[key]) != _lasting(state)
        }
        gone = {f"{each.monitor.name}\0{key}": "" for key in each.states if key not in states}
        self._kept.put(STATES, {**bodies, **gone})

    def _remember(self, known: dict[str, Watched]) -> None:
        """The states of before; time in which we were away is nobody's silence."""
        now = self._clock()
        if not self._read:
            self.silences.known = {
                id_: Silence.from_json(body) for id_, body in self._kept.all(SILENCES).items()
            }
        self._read = True
        for id_, body in self._kept.all(STATES).items():
            name, _, key = id_.partition("\0")
            kind, said = json.loads(body)
            each = self._watched.get(name)
            if each is not None and name not in known and each.monitor.kind == kind:
                state = State(**said)
                each.states[key] = replace(state, seen=max(state.seen, now))

    # ---- answers

    def silence(self, one: Silence) -> Silence:
        with self._lock:
            self._kept.put(SILENCES, {one.id: one.to_json()})
            self.silences.known = {**self.silences.known, one.id: one}
            return one

    def unsilence(self, id_: str) -> Silence:
        with self._lock:
            known = dict(self.silences.known)
            if id_ not in known:
                raise UsageError(f"there is no silence {id_!r}; `heapwatch monitor silence` lists them")
            one = known.pop(id_)
            self._kept.put(SILENCES, {id_: ""})
            self.silences.known = known
            return one

    def history(self, monitor: str, from_: int, to: int, limit: int) -> list[dict[str, Any]]:
        """Transitions, newest first."""
        return [json.loads(body) for body in self._kept.transitions(monitor, from_, to, limit)]

    def watched(self) -> list[tuple[Monitor, Watched | None]]:
        """Every monitor in the order of its files; None: it is not enabled."""
        with self._lock:
            return [
                (each, None if one is None else replace(one, states=dict(one.states)))
                for each in self.book.monitors
                for one in [self._watched.get(each.name)]
            ]

    def quiet(self, monitor: Monitor, labels: Labels) -> str:
        return self.silences.quiet(monitor, labels, self._clock())


def _lasting(state: State) -> State:
    """Without what changes with every look."""
    return replace(state, seen=0, value=None, text="") if state.state == OK else replace(state, seen=0)
