"""What all monitors have, and what they may look at. A kind adds how it looks (`look`).

A look is at a moment `at`: nothing later may play a part, so that a look at stored history shows what a look
at that time showed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import Field, field_validator, model_validator

from heapwatch.monitor.mutes import Mute
from heapwatch.monitor.states import NO_DATA, OK, Rules, Seen
from heapwatch.monitor.values import Span, Written
from heapwatch.store.reads.selection import any_of

Labels = Mapping[str, str]
Looked = Sequence[tuple[Labels, Seen]]
"""What a look shows of each group."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Leaking:
    """One JVM on which a leak grows, or grew."""

    labels: Labels  # leak, service, class, state, host, jvm, pid, started, version
    state: str
    acknowledged: bool
    bytes_per_hour: float
    text: str


@dataclass(frozen=True)
class Ending:
    """A resource of a JVM that is full at some time, at the growth of now."""

    labels: Labels  # service, host, jvm, pid, started, version, resource
    near_s: float  # the near end of the interval, from the moment of the look
    likely_s: float
    text: str


@dataclass(frozen=True)
class Life:
    """What was heard of one life of a JVM up to a moment; times are epoch ms, 0: never."""

    labels: Labels  # service, host, jvm, pid, started, version, and the user's
    histogram: int = 0
    metric: int = 0
    ended: int = 0
    failed: int = 0
    failure: str = ""


class Eyes(Protocol):
    """What monitors look at. Times are epoch ms; ranges contain their start and not their end."""

    def points(
        self, query: str, from_: int, to: int, step: int, row: str = "", mode: str = "all"
    ) -> list[tuple[dict[str, str], list[float | None]]]:
        """The series of one row of a metric query (of its last one, if none is named)."""

    def logs(self, query: str, from_: int, to: int) -> Mapping[str, Any]:
        """The answer to a log query."""

    def leaks(self, at: int) -> Sequence[Leaking]: ...

    def ends(self, at: int) -> Sequence[Ending]: ...

    def lives(self, at: int, since: int) -> Sequence[Life]:
        """The lives of which anything was heard in [since, at]."""


@dataclass(frozen=True)
class Moment:
    """When is looked, at whom, and since when without a gap."""

    at: int
    known: Sequence[Labels] = ()
    resumed: int = 0


class Notify(Written):
    """Who hears of a monitor."""

    to: str = Field(min_length=1)
    repeat: Span = 4 * 3_600_000
    states: tuple[str, ...] = ("warning", "critical")
    resolved: bool = True

    @field_validator("states")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [each for each in value if each not in ("warning", "critical", "no_data", "error")]
        if wrong or not value:
            raise ValueError("states are of warning, critical, no_data and error")
        return value


class NoData(Written):
    after: Span = 300_000
    state: str = Field(default=NO_DATA, pattern="^(no_data|ok|keep)$")


class Monitor(Written):
    """The keys of every kind."""

    name: str = Field(pattern=NAME)
    kind: str
    description: str = ""
    enabled: bool = True
    every: Span = Field(60_000, ge=1000, le=DAY_MS)
    delay: Span = Field(10_000, ge=0, le=DAY_MS)
    for_: Span = Field(0, alias="for", ge=0, le=30 * DAY_MS)
    recovery: Span = Field(0, ge=0, le=30 * DAY_MS)
    no_data: NoData | None = None
    forget: Span = Field(DAY_MS, ge=60_000, le=400 * DAY_MS)
    groups: int = Field(1000, ge=1, le=10_000)
    labels: dict[str, str] = Field(default_factory=dict)
    notify: tuple[Notify, ...] = ()
    mute: tuple[Mute, ...] = ()

    @property
    def absent(self) -> NoData:
        """What a group counts as of which a look shows nothing, unless the file says it."""
        return NoData()

    @property
    def expects_groups(self) -> bool:
        """Whether a look that shows no group at all is a lack of data."""
        return self.rules.on_no_data == NO_DATA

    @property
    def rules(self) -> Rules:
        absent = self.no_data or self.absent
        return Rules(self.for_, self.recovery, absent.after, absent.state, self.forget)

    @property
    @abstractmethod
    def asked(self) -> str:
        """What it looks at, as one reads it: the query, or words."""

    @abstractmethod
    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        """What there is to see of each group at a moment."""

    @model_validator(mode="after")
    def _distinct(self) -> Monitor:
        heard = [each.to for each in self.notify]
        if len(set(heard)) != len(heard):
            raise ValueError("notify names somebody twice")
        return self


QUIET_IS_RIGHT = NoData(after=0, state=OK)
"""Of kinds that list what is wrong: who is not in the list is right."""


@dataclass
class Grouped:
    """The gravest look of each group."""

    by: Sequence[str] | None
    found: dict[tuple[tuple[str, str], ...], tuple[Labels, Seen]] = field(default_factory=dict)

    def add(self, labels: Labels, seen: Seen) -> None:
        group = chosen(labels, self.by)
        key = tuple(sorted(group.items()))
        known = self.found.get(key)
        self.found[key] = group, seen if known is None else worse(known[1], seen)

    @property
    def looked(self) -> Looked:
        return list(self.found.values())


_ORDER = {OK: 0, "warning": 1, "critical": 2}


def worse(one: Seen, other: Seen) -> Seen:
    """Both together: right again only where both are."""
    gravest = max(one, other, key=lambda each: (_ORDER[each.level], not each.eased, not each.clear))
    return Seen(
        gravest.level,
        gravest.value,
        gravest.text,
        clear=one.clear and other.clear,
        eased=one.eased and other.eased,
        absent=one.absent and other.absent,
    )


def matching(match: Labels) -> Callable[[Labels], bool]:
    """Whether labels fit globs, all of them."""
    fits = {name: any_of([pattern]) for name, pattern in match.items()}
    return lambda labels: all(fit(str(labels.get(name, ""))) for name, fit in fits.items())


def chosen(labels: Labels, by: Sequence[str] | None) -> dict[str, str]:
    return dict(labels) if by is None else {name: str(labels.get(name, "")) for name in by}
