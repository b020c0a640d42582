"""The same leak on several hosts: systemic, partial or individual, said once per service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from heapwatch.detect.forecast import Exhaustion
from heapwatch.detect.history import History
from heapwatch.detect.judge import Judgement, Leak
from heapwatch.detect.levels import levels
from heapwatch.detect.settings import Settings
from heapwatch.detect.statistics import slope_of

APART = 0.25
"""Of the reference slope: hosts that surely grow by more leak, those that surely grow by less are clean."""
PLATEAU = 0.1
LEAST_LEVELS = 4


@dataclass(frozen=True)
class Finding:
    """One leak of one service, on all its hosts."""

    service: str
    leaks: dict[str, Leak]  # host -> what leaks there
    clean: list[str]
    undecided: list[str]
    scope: str  # single, systemic, partial, individual
    versions: dict[str, list[str]] = field(default_factory=dict)  # when partial: version -> leaking hosts
    ends: dict[str, Exhaustion] = field(default_factory=dict)  # host -> when what it fills is full

    @property
    def leak(self) -> Leak:
        """The one that names it: the fastest of those that are confirmed, else the fastest."""
        return max(self.leaks.values(), key=lambda leak: (leak.state == "confirmed", leak.rate))

    @property
    def root(self) -> str:
        return self.leak.root

    @property
    def state(self) -> str:
        return self.leak.state

    @property
    def soonest(self) -> tuple[str, Exhaustion] | None:
        """The host that ends first."""
        return min(self.ends.items(), key=lambda item: item[1].seconds, default=None)


def findings(judgements: Iterable[Judgement], settings: Settings | None = None) -> list[Finding]:
    """The leaks of all services, those with most bytes a second first."""
    settings = settings or Settings()
    services: dict[str, list[Judgement]] = {}
    for each in judgements:
        services.setdefault(each.history.service, []).append(each)
    found = [one for service, mine in services.items() for one in _of_service(service, mine, settings)]
    return sorted(found, key=lambda one: -one.leak.rate * max(one.leak.bytes_each, 1.0))


def _of_service(service: str, judgements: Sequence[Judgement], settings: Settings) -> list[Finding]:
    newest: dict[str, Judgement] = {}
    for each in sorted(judgements, key=lambda one: float(one.history.times[-1]) if len(one.history) else 0.0):
        newest[each.history.host] = each
    groups: list[dict[str, Leak]] = []
    for host, judgement in newest.items():
        for leak in judgement.leaks:
            if _warms_up(judgement, leak, judgements, settings):
                continue
            group = next(
                (g for g in groups if host not in g and any(_same(leak, other) for other in g.values())), None
            )
            if group is None:
                groups.append(group := {})
            group[host] = leak
    return [_finding(service, group, newest, settings) for group in groups]


def _same(one: Leak, other: Leak) -> bool:
    """Whether two hosts' leaks are one: the root of either is in the family of the other."""
    return one.root in other.family or other.root in one.family


def _finding(
    service: str, group: dict[str, Leak], newest: dict[str, Judgement], settings: Settings
) -> Finding:
    reference = float(np.median([leak.rate for leak in group.values()]))
    root = max(group.values(), key=lambda leak: leak.rate).root
    clean: list[str] = []
    undecided: list[str] = []
    for host, judgement in newest.items():
        if host not in group:
            (clean if _is_clean(judgement.history, root, APART * reference, settings) else undecided).append(
                host
            )
    if len(newest) == 1:
        scope = "single"
    elif len(group) >= 2 and len(group) >= settings.systemic_share * len(newest):
        scope = "systemic"
    elif len(group) == 1 and len(clean) >= 2:
        scope = "individual"
    else:
        scope = "partial"
    versions: dict[str, list[str]] = {}
    for host in group if scope == "partial" else ():
        versions.setdefault(newest[host].history.version, []).append(host)
    ends = {host: end for host, leak in group.items() if (end := newest[host].end_of(leak.kind)) is not None}
    return Finding(service, group, clean, undecided, scope, versions, ends)


def _is_clean(history: History, root: str, least: float, settings: Settings) -> bool:
    """Whether this host surely grows by less: lately, or all the time and not faster lately."""
    if len(history) < settings.verify_samples:
        return False
    alone = history.only(root)
    if not alone.classes:
        return True
    slopes = []
    for part in (alone.between(alone.times[-1] - alone.span / 2, alone.times[-1]), alone):
        own = levels(part, settings.blocks)
        if len(own.times) < LEAST_LEVELS:
            return False
        slopes.append(slope_of(own.times, own.values[:, 0]))
    late, whole = slopes
    return late[2] < least or (whole[2] < least and late[0] < least)


def _warms_up(judgement: Judgement, leak: Leak, others: Sequence[Judgement], settings: Settings) -> bool:
    """Whether older lives hold the class at a plateau that this one has not passed yet."""
    history = judgement.history
    plateaus = [
        level
        for other in others
        if other is not judgement and other.history.span > history.span and not other.leaks
        for level in [_plateau(other.history.only(leak.root), settings)]
        if level is not None
    ]
    if not plateaus:
        return False
    now = float(np.median(levels(history.only(leak.root), settings.blocks).values[-3:]))
    return now < settings.peer_plateau * max(plateaus)


def _plateau(alone: History, settings: Settings) -> float | None:
    """The level of the one class, when it does not move in the last half of a life."""
    if not alone.classes or len(alone) < settings.samples:
        return None
    own = levels(alone, settings.blocks).values[:, 0]
    late = own[len(own) // 2 :]
    middle = float(np.median(late))
    steady = middle > 0 and abs(float(np.median(late[-3:]) - np.median(late[:3]))) < PLATEAU * middle
    return middle if steady else None
