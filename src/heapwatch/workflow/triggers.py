"""What begins runs beside monitors, clocks and people: a host that could not be collected from, and a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, Protocol

from heapwatch.workflow.definition import Workflow

MOST = 100
"""So many triggers of one look at a log, the newest: what floods a log does not flood us."""
LONGEST = 1000


class Fires(NamedTuple):
    """That a workflow is to begin, if it is for these labels."""

    workflow: Workflow
    labels: Mapping[str, str]
    trigger: Mapping[str, Any]


class Eyes(Protocol):
    """What a log query answers with for a time, the newest first; epoch ms."""

    def messages(self, query: str, from_: int, to: int, limit: int) -> Mapping[str, Any]: ...


def collection_failed(workflows: Iterable[Workflow], row: Mapping[str, Any], now: int) -> Iterator[Fires]:
    """`row` is of a host that failed, as `Hands.collect` has it."""
    labels = {"host": str(row["host"]), "outcome": str(row["outcome"])}
    trigger = {"kind": "collection_failed", "time": now, "text": f"{row['outcome']}: {row['why']}"}
    for one in workflows:
        if one.on.collection_failed:
            yield Fires(one, labels, trigger)


class Listening:
    """Looks at logs by the clock it is told. What came while nobody looked is not made up."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes
        self._looked: dict[tuple[str, str], int] = {}

    def look(self, workflows: Iterable[Workflow], now: int) -> Iterator[Fires]:
        """What came since the last look, where another one is due."""
        for one in workflows:
            if one.on.log is None:
                continue
            key = one.workflow, one.on.log
            last = self._looked.setdefault(key, now)
            if now - last < one.on.look:
                continue
            late = one.on.delay
            answer = self._eyes.messages(one.on.log, last - late, now - late, MOST)
            self._looked[key] = now
            for labels, text in reversed(list(_rows(answer))):
                trigger = {"kind": "log", "time": now, "text": text, "query": one.on.log}
                yield Fires(one, labels, trigger)


def _rows(answer: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], str]]:
    """Labels and text of each row; what begins with _ is no label."""
    columns = [(name, answer["columns"][name]) for name in answer["order"]]
    for values in islice(zip(*(each for _, each in columns), strict=True), MOST):
        row = {
            name: str(value) for (name, _), value in zip(columns, values, strict=True) if value is not None
        }
        labels = {name: value for name, value in row.items() if not name.startswith("_")}
        told = row.get("_text") or " ".join(f"{name}={value}" for name, value in row.items())
        yield labels, told[:LONGEST]
