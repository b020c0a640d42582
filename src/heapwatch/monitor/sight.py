"""The eyes of monitors on a real store, and on what the detector says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from heapwatch.errors import UsageError
from heapwatch.monitor.kinds.base import Ending, Leaking, Life
from heapwatch.query.logs.run import run_logs
from heapwatch.query.run import run
from heapwatch.store import Store
from heapwatch.store.reads.heard import Heard, heard


class Verdicts(Protocol):
    """What the detector said of everything, by a moment."""

    def leaks(self, at: int) -> Sequence[Leaking]: ...

    def ends(self, at: int) -> Sequence[Ending]: ...


@dataclass
class Sight:
    """Eyes: what was asked once at a moment is not asked again."""

    store: Store
    verdicts: Verdicts
    query_id: str | None = None
    _asked: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def points(
        self, query: str, from_: int, to: int, step: int, row: str = "", mode: str = "all"
    ) -> list[tuple[dict[str, str], list[float | None]]]:
        def ask() -> list[dict[str, Any]]:
            answer = run(self.store, query, from_, to, step / 1000, mode, query_id=self.query_id, now_ms=to)
            rows: list[dict[str, Any]] = answer["rows"]
            return rows

        rows = self._once(("points", query, from_, to, step, mode), ask)
        chosen = next((each for each in rows if each["letter"] == row), rows[-1])
        if chosen["table"] is not None:
            raise UsageError("a monitor looks at points over time; this query answers a table")
        return [(each["labels"], each["values"]) for each in chosen["series"]]

    def logs(self, query: str, from_: int, to: int) -> Mapping[str, Any]:
        def ask() -> dict[str, Any]:
            return run_logs(self.store, query, from_, to, limit=0, query_id=self.query_id)

        found: Mapping[str, Any] = self._once(("logs", query, from_, to), ask)
        return found

    def leaks(self, at: int) -> Sequence[Leaking]:
        return self.verdicts.leaks(at)

    def ends(self, at: int) -> Sequence[Ending]:
        return self.verdicts.ends(at)

    def lives(self, at: int, since: int) -> Sequence[Life]:
        def ask() -> list[Life]:
            return [_life(each) for each in heard(self.store.parts.asked_by(self.query_id), since, at)]

        found: list[Life] = self._once(("lives", at, since), ask)
        return found

    def forget(self) -> None:
        """What is asked from here on is asked anew."""
        self._asked.clear()

    def _once(self, key: tuple[Any, ...], ask: Callable[[], Any]) -> Any:
        if key not in self._asked:
            self._asked[key] = ask()
        return self._asked[key]


def _life(each: Heard) -> Life:
    who, user = each.of.who, each.of.user_labels
    labels = {
        **user,
        "service": user.get("service", who.jvm),
        "host": who.host,
        "jvm": who.jvm,
        "pid": str(who.pid),
        "started": str(who.started),
    }
    return Life(labels, each.histogram, each.metric, each.ended, each.failed, each.failure)
