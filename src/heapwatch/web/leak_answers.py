"""The shapes of answers about leaks. Times are epoch ms, sizes shallow bytes, null is what is not known."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from heapwatch.web.answers import Model


class Exhaustion(Model):
    """When something is full at the growth of now, from `at` (80 % interval)."""

    resource: str = Field(description="heap, metaspace, threads or container")
    host: str
    in_s: float
    between_s: list[float | None]
    limit: float
    level: float
    slope_per_s: float


class Kept(Model):
    """What a histogram of live objects found of the growth."""

    share: float
    alive: float = Field(description="objects in all")
    rate_per_s: float = Field(description="objects a second, by what lives")


class LeakOnJvm(Model):
    host: str
    jvm: str
    pid: int
    started: int
    state: str
    rate_per_s: float
    rate_between: list[float]
    since: int
    bytes_per_leak: float
    balance: float | None
    kept: Kept | None
    exhaustion: Exhaustion | None


class VersionSide(Model):
    slope_per_s: float
    between: list[float]
    samples: int
    births_per_s: float | None
    deaths_per_s: float | None
    balance: float | None


class Proof(Model):
    class_: str = Field(alias="class")
    verdict: str = Field(description="fixed, reduced, partly fixed, not fixed, not enough data")
    sentence: str
    before: VersionSide | None
    after: VersionSide | None
    exposure: float | None
    residual: float | None
    more_samples: int
    why: str
    hosts: list[str]


class StateOfLeak(Model):
    time: int
    state: str
    text: str


class Acknowledged(Model):
    by: str
    at: int
    note: str


class Leak(Model):
    """One leak of one service, on all its hosts."""

    id: str
    service: str
    class_: str = Field(alias="class", description="the root of the family")
    family: dict[str, float] = Field(description="class -> objects for each of the root")
    equals: list[str]
    kind: str
    state: str = Field(description="suspect, confirmed, stopped or fixed")
    scope: str = Field(description="single, individual, partial or systemic")
    hosts: list[str]
    clean: list[str]
    undecided: list[str]
    versions: dict[str, list[str]]
    jvms: list[LeakOnJvm]
    since: int
    since_between: list[int]
    rate_per_s: float
    rate_between: list[float]
    bytes_per_leak: float
    births_per_s: float | None
    deaths_per_s: float | None
    balance: float | None
    exhaustion: Exhaustion | None
    sentence: str
    evidence: list[dict[str, Any]]
    opened: int
    changed: int
    acknowledged: Acknowledged | None
    proof: Proof | None
    history: list[StateOfLeak]


class JvmCounts(Model):
    leaking: int
    suspect: int
    clean: int
    undecided: int


class Leaks(Model):
    leaks: list[Leak]
    jvms: JvmCounts
    judged: int | None


class Verdict(Model):
    host: str
    jvm: str
    pid: int
    started: int
    service: str
    version: str
    verdict: str = Field(description="leaking, suspect, clean or undecided")
    reason: str
    at: int
    leaks: list[str]
    exhaustions: list[Exhaustion]


class Verdicts(Model):
    jvms: list[Verdict]


class Compared(Model):
    from_: int | None = Field(alias="from")
    to: int | None
    versions: list[str]
    jvms: int


class Verified(Model):
    service: str
    proofs: list[Proof]
    new: list[str]
    before: Compared
    after: Compared
