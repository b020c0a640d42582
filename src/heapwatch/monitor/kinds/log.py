"""`log`: how many messages a log query finds in a window, or a field of its table.

- {name: errors, kind: log, query: "error host=web*", window: 5m, warning: {above: 10}}
- {name: many, kind: log, query: "error | count by host, logger", field: _count, critical: {above: 100}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from heapwatch import human
from heapwatch.errors import UsageError
from heapwatch.monitor.kinds.base import (
    DAY_MS,
    QUIET_IS_RIGHT,
    Eyes,
    Grouped,
    Looked,
    Moment,
    Monitor,
    NoData,
)
from heapwatch.monitor.values import Bounds, Span, number
from heapwatch.query.logs.parse import parse


def _sensible(text: str) -> str:
    try:
        parse(text)
    except UsageError as error:
        raise ValueError(str(error)) from error
    return text


class Log(Monitor, Bounds):
    kind: Literal["log"]
    query: Annotated[str, AfterValidator(_sensible)]
    window: Span = Field(300_000, ge=1000, le=31 * DAY_MS)
    field: str = ""
    by: tuple[str, ...] | None = None

    @property
    def absent(self) -> NoData:
        return QUIET_IS_RIGHT

    @property
    def asked(self) -> str:
        return self.query

    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        answer = eyes.logs(self.query, moment.at - self.window, moment.at)
        if answer["kind"] == "messages":
            if self.field or self.by:
                raise UsageError(
                    "field and by are for queries that answer a table, such as `... | count by host`"
                )
            value = float(answer["total"])
            return [({}, self.seen(value, self._text(value, "messages")))]
        field = self.field or _number_of(answer)
        numbers = _column(answer, field)
        names = [name for name in answer["order"] if name != field and (self.by is None or name in self.by)]
        groups = Grouped(self.by)
        for place, value in enumerate(numbers):
            if isinstance(value, (int, float)):
                labels = {name: _word(answer["columns"][name][place]) for name in names}
                groups.add(labels, self.seen(float(value), self._text(float(value), field)))
        return groups.looked

    def _text(self, value: float, of: str) -> str:
        return f"{number(value)} {of} in {human.duration(self.window / 1000)}"


def _number_of(answer: Mapping[str, Any]) -> str:
    """The only column of numbers."""
    found = [
        name
        for name in answer["order"]
        if any(isinstance(each, (int, float)) for each in answer["columns"][name])
    ]
    if len(found) > 1:
        raise UsageError(f"field: the answer has several numbers: {', '.join(found)}")
    return found[0] if found else ""


def _column(answer: Mapping[str, Any], field: str) -> list[Any]:
    if not field:
        return []
    if field not in answer["columns"]:
        raise UsageError(f"field: the answer has no {field!r}; it has {', '.join(answer['order'])}")
    found: list[Any] = answer["columns"][field]
    return found


def _word(value: Any) -> str:
    return "" if value is None else str(value)
