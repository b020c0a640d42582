"""The shapes of questions in the query language and of their answers, for /openapi.json."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from heapwatch.web.answers import Model

MOST_MESSAGES = 10_000
Language = Literal["metrics", "logs"]


class Asked(Model):
    """A body with a field that the route does not know is refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class QueryAsked(Asked):
    query: str = Field(description="in the query language, one row a line")
    from_: str | int = Field("-1h", alias="from", description="RFC 3339, epoch, now, -15m or now-1h")
    to: str | int = Field("now", description="as `from`")
    interval: str | float | None = Field(None, description="10s or 5m or seconds; fitting if absent")
    mode: Literal["all", "live"] = Field("all", description="histograms to use when the query names none")


class LogsAsked(Asked):
    query: str = Field(description="in the log language; empty: all messages")
    from_: str | int = Field("-1h", alias="from", description="RFC 3339, epoch, now, -15m or now-1h")
    to: str | int = Field("now", description="as `from`")
    limit: int = Field(1000, ge=0, le=MOST_MESSAGES, description="most messages in the answer")
    order: Literal["asc", "desc"] = Field("desc", description="of messages by time")


class TextAsked(Asked):
    query: str = Field(description="as far as it is written")
    language: Language = Field("metrics", description="metrics or logs")


class CompletionAsked(TextAsked):
    position: int = Field(ge=0, description="of the cursor, in characters")


class Warned(Model):
    message: str
    count: int | None = Field(description="how often, where it can be counted")
    row: str | None = Field(None, description="letter of the row that it is about")


class Read(Model):
    """What the answer was made from."""

    series: int = 0
    points: int = 0
    rows: int = 0


class QuerySeries(Model):
    labels: dict[str, str]
    values: list[float | None]


class QueryTable(Model):
    """Columns of equal length by name: what diff and predict tell."""

    columns: dict[str, list[Any]]


class QueryRow(Model):
    letter: str
    interval_s: float = Field(description="distance of the points, chosen or asked for")
    rollup: str = Field(description="what became of the samples between two points")
    times: list[int]
    series: list[QuerySeries]
    table: QueryTable | None


class QueryAnswer(Model):
    """A row of the query, a row of the answer; null is no point."""

    kind: Literal["metrics"]
    from_: int = Field(alias="from")
    to: int
    rows: list[QueryRow]
    read: Read
    took_ms: float
    warnings: list[Warned]


class Counts(Model):
    """Messages by time."""

    times: list[int]
    values: list[int]
    interval_s: float


class LogAnswer(Model):
    """Messages, or the rows that an aggregation makes of them; `order` has the columns to show, in order."""

    kind: Literal["messages", "aggregate"]
    from_: int = Field(alias="from")
    to: int
    total: int
    columns: dict[str, list[Any]]
    order: list[str]
    counts: Counts
    read: Read
    took_ms: float
    warnings: list[Warned]


class Checked(Model):
    ok: bool


class Formatted(Model):
    query: str


class Offer(Model):
    text: str
    kind: str = Field(description="operator, function, keyword, label, value, class, metric or row")
    detail: str


class Completion(Model):
    """Any of the items may replace the characters `from` to `to`."""

    from_: int = Field(alias="from")
    to: int
    items: list[Offer]
