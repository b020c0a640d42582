"""Whether a change fixed a leak: lives before it against lives after it, of one service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from heapwatch.detect import objects
from heapwatch.detect.fleet import findings
from heapwatch.detect.history import History
from heapwatch.detect.judge import Judgement, judge
from heapwatch.detect.pairs import Pair, fresh, gravest
from heapwatch.detect.settings import Settings
from heapwatch.detect.verify import verify
from heapwatch.monitor.histories import history_of
from heapwatch.store.reads.observed import Life, Observed


class Observing(Protocol):
    """What is needed of the store."""

    def observed(
        self, life: Life, *, from_: int, to: int, least: float, only: list[str] | None = None
    ) -> Observed | None: ...


@dataclass(frozen=True)
class Reach:
    """A part of a life, epoch ms."""

    life: Life
    from_: int
    to: int

    def of_class(self, name: str, source: Observing) -> History | None:
        seen = source.observed(self.life, from_=self.from_, to=self.to, least=0.0, only=[name])
        return None if seen is None else history_of(seen)

    def whole(self, source: Observing, settings: Settings) -> History | None:
        seen = source.observed(self.life, from_=self.from_, to=self.to, least=settings.growth)
        return None if seen is None else history_of(seen)


def prove(
    root: str, before: Iterable[Reach], after: Iterable[Reach], source: Observing, settings: Settings
) -> dict[str, Any] | None:
    """The gravest verdict over the hosts; None when there is nothing to compare.

    A host is compared with itself after the change, or with any of the others where it has gone.
    """
    later = _known(reach.of_class(root, source) for reach in after)
    pairs = []
    for was in _known(reach.of_class(root, source) for reach in before):
        there = [each for each in later if each.host == was.host] or later
        if there and was.classes and was.instances.any():
            pairs.append(Pair(was.host, verify(was, there[-1], root, settings), there[-1]))
    return objects.proof(gravest(pairs).proof, [pair.host for pair in pairs]) if pairs else None


def compare(
    before: Sequence[Reach],
    after: Sequence[Reach],
    classes: Sequence[str],
    source: Observing,
    settings: Settings,
) -> tuple[list[dict[str, Any]], list[str]]:
    """A proof for each leak of before (or each class that is named), and the classes that leak only after."""
    judgements = _judged(before, source, settings)
    known = findings(judgements, settings)
    roots = dict.fromkeys(classes, before) or {
        one.root: [reach for reach in before if reach.life.who.host in one.leaks] for one in known
    }
    proofs = []
    for root, reaches in roots.items():
        proof = prove(root, reaches, after, source, settings)
        proofs.append(proof or _nothing(root, after))
    if all(each.undecided for each in judgements):
        return proofs, []  # what leaks after may have leaked before
    later = fresh(known, findings(_judged(after, source, settings), settings))
    return proofs, [one.root for one in later]


def _judged(reaches: Sequence[Reach], source: Observing, settings: Settings) -> list[Judgement]:
    seen = _known(reach.whole(source, settings) for reach in reaches)
    return [judge(each, settings) for each in seen]


def _known(found: Iterable[History | None]) -> list[History]:
    return [each for each in found if each is not None]


def _nothing(root: str, after: Sequence[Reach]) -> dict[str, Any]:
    if after:
        return objects.unproved(root, "the class is not in the histograms before")
    return objects.unproved(root, "there are no histograms of the service after the change")
