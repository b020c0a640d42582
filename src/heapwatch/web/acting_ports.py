"""What the steps of workflows ask of a server: answers, proofs, what logs say, and a voice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx2

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.model import Batch
from heapwatch.monitor.load import Rulebook
from heapwatch.monitor.receivers import Receiver
from heapwatch.monitor.sight import Sight
from heapwatch.monitor.verdicts import LiveVerdicts
from heapwatch.query.logs.run import run_logs
from heapwatch.query.times import parse_time
from heapwatch.web import leaks as served

if TYPE_CHECKING:
    from heapwatch.monitor.leaks import LeakWatch
    from heapwatch.store import Store


class StoreAnswers:
    """`Answers`, `Proofs` and `Eyes` by a store and what watches it."""

    def __init__(self, store: Store, leaks: LeakWatch) -> None:
        self._store = store
        self._leaks = leaks

    def values(self, query: str, within_ms: int) -> list[float]:
        now = self._store.parts.clock()
        rows = Sight(self._store, LiveVerdicts(self._leaks)).points(
            query, now - within_ms, now, max(1000, within_ms // 100)
        )
        newest = ([value for value in values if value is not None][-1:] for _, values in rows)
        return [value for row in newest for value in row]

    def verified(self, service: str, before: str, after: str, classes: Sequence[str]) -> Mapping[str, Any]:
        now = self._store.parts.clock()
        was, is_now = _side(before, now), _side(after, now)
        return served.verify(
            self._store,
            self._leaks.settings,
            now,
            service=service,
            before=was,
            after=is_now,
            classes=classes,
        )

    def messages(self, query: str, from_: int, to: int, limit: int) -> Mapping[str, Any]:
        return run_logs(self._store, query, from_, to, limit)


class Collected:
    """Stores what steps collect. A batch is known by its number: each gets the next, over restarts too."""

    AGENT = "workflow"

    def __init__(self, store: Store) -> None:
        newest = {each["id"]: int(each["sequence"]) for each in store.status()["agents"]}
        self._store = store
        self._numbers = count(newest.get(self.AGENT, -1) + 1)

    def keep(self, batch: Batch) -> None:
        self._store.insert([replace(batch, agent=self.AGENT, sequence=next(self._numbers))])


def _side(text: str, now: int) -> served.Side:
    """A version, or a range such as `-3h..-1h`."""
    start, dots, end = text.partition("..")
    if not dots:
        return served.Side(text)
    if not start or not end:
        raise UsageError(f"{text!r} is no range: write FROM..TO, such as -3h..-1h")
    return served.Side(None, parse_time(start, now), parse_time(end, now))


class Receivers:
    """`Voice` by the receivers that the files of monitors name."""

    def __init__(
        self, book: Callable[[], Rulebook], say: Callable[[Receiver, str, str, Mapping[str, str]], None]
    ) -> None:
        self._book = book
        self._say = say

    def tell(self, receiver: str, title: str, text: str, labels: Mapping[str, str]) -> None:
        known = {each.name: each for each in self._book().receivers}
        if receiver not in known:
            there = f"there are {', '.join(known)}" if known else "there are none"
            raise UsageError(f"no file of monitors has a receiver of this name; {there}")
        try:
            self._say(known[receiver], title, text, labels)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise HeapwatchError(known[receiver].told(error)) from error
