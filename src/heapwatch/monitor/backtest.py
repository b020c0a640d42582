"""A monitor over the past: when it would have fired, and how often; by the looks of the live monitor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.monitor.evaluate import States, evaluate
from heapwatch.monitor.kinds.base import Eyes, Monitor
from heapwatch.monitor.states import FIRING, Transition

MOST_LOOKS = 20_000


@dataclass(frozen=True)
class Backtest:
    looks: int
    states: States
    transitions: list[Transition]
    errors: int

    def spoken(self, monitor: Monitor, from_: int, to: int) -> dict[str, Any]:
        """As the API answers it; `fired` are the times at which somebody would have been told."""
        fired = [each for each in self.transitions if each.level in FIRING and each.level != each.was_level]
        return {
            "monitor": monitor.name,
            "kind": monitor.kind,
            "query": monitor.asked,
            "from": from_,
            "to": to,
            "looks": self.looks,
            "errors": self.errors,
            "fired": len(fired),
            "first": fired[0].time if fired else None,
            "transitions": [asdict(each) for each in self.transitions],
        }


def ticks(every: int, from_: int, to: int) -> range:
    """The moments of [from_, to] at which is looked."""
    return range(-(-from_ // every) * every, to + 1, every)


def backtest(
    monitor: Monitor, eyes: Eyes, from_: int, to: int, going_on: Callable[[], None] = lambda: None
) -> Backtest:
    """Look as the live monitor would have looked, had it begun at `from_`."""
    times = ticks(monitor.every, from_, to)
    if not times:
        raise UsageError("there is no look in this range; it is looked every so often as `every` says")
    if len(times) > MOST_LOOKS:
        raise UsageError(
            f"{len(times)} looks are more than {MOST_LOOKS}: take a shorter range, or look less often"
        )
    states: States = {}
    transitions: list[Transition] = []
    errors = 0
    for tick in times:
        going_on()
        found = evaluate(monitor, tick, eyes, states, times[0])
        states = found.states
        transitions += found.transitions
        errors += bool(found.error)
    return Backtest(len(times), states, transitions, errors)
