"""A leak's hosts before a change put beside those after it: one proof a host, and the verdict on all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heapwatch.detect.fleet import Finding
from heapwatch.detect.history import History
from heapwatch.detect.settings import Settings
from heapwatch.detect.verify import FIXED, NOT_ENOUGH, NOT_FIXED, PARTLY, REDUCED, Proof, verify

GRAVEST = (NOT_FIXED, PARTLY, REDUCED, NOT_ENOUGH, FIXED)
"""Of several hosts the gravest verdict is that of the service."""


@dataclass(frozen=True)
class Pair:
    """One host's leak before, against a life after."""

    host: str
    proof: Proof
    after: History


def proofs(
    found: Finding, before: Sequence[History], after: Sequence[History], settings: Settings
) -> list[Pair]:
    """What leaked on a host against the same host after, else against any host of the service."""
    return [pair for host in found.leaks for pair in _pairs(found, host, before, after, settings)]


def gravest(pairs: Sequence[Pair]) -> Pair:
    return min(pairs, key=lambda pair: GRAVEST.index(pair.proof.verdict))


def missing(found: Finding) -> str:
    """Why there is no pair."""
    return f"there are no histograms of {found.service} after the change"


def fresh(known: Sequence[Finding], later: Sequence[Finding]) -> list[Finding]:
    """What leaks after the change and did not before, not even as another's companion."""
    families = {(one.service, name) for one in known for leak in one.leaks.values() for name in leak.family}
    return [one for one in later if not any((one.service, name) in families for name in one.leak.family)]


def _pairs(
    found: Finding, host: str, before: Sequence[History], after: Sequence[History], settings: Settings
) -> list[Pair]:
    root = found.leaks[host].root
    was = [
        each for each in before if (each.service, each.host) == (found.service, host) and root in each.classes
    ]
    later = [each for each in after if each.service == found.service]
    now = [each for each in later if each.host == host] or later
    return [Pair(host, verify(was[-1], each, root, settings), each) for each in now[-1:]] if was else []
