"""One life as it was judged last, and how several of one service on one host are told apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from heapwatch.detect.history import History
from heapwatch.detect.judge import Judgement
from heapwatch.detect.settings import Settings
from heapwatch.store.reads.observed import Life

UP = "up"
LAST = 4


@dataclass
class Watched:
    """One life as it was judged last."""

    life: Life
    judgement: Judgement
    newest: int  # of the histograms that were judged, epoch ms
    wait_ms: float  # until it is judged again
    histograms: int
    probed: int | None = None  # when live objects were counted, epoch ms

    @property
    def verdict(self) -> str:
        if self.judgement.undecided:
            return "undecided"
        states = {leak.state for leak in self.judgement.leaks}
        return "leaking" if "confirmed" in states else "suspect" if states else "clean"


def votes_of(known: Watched | None, histograms: int) -> tuple[frozenset[str], ...] | None:
    """Those of the judgement before; none of one that said nothing, or saw much less than there is now."""
    if known is None or known.judgement.undecided or 2 * known.histograms < histograms:
        return None
    return known.judgement.votes


def next_after(history: History, settled: int, settings: Settings) -> float:
    """When a life is worth another look, ms: when a block has ended, or half of what it needs has come."""
    missing = settings.samples - settled
    half = history.span / max(len(history) - 1, 1) * missing / 2
    return max(history.span / settings.blocks, half) * 1000


def level_of(judgement: Judgement, root: str) -> float:
    """What there is of a class at the end, by the cleanest of its last histograms."""
    alone = judgement.history.only(root)
    return float(alone.instances[-LAST:].min()) if alone.classes else 0.0


def gone_on(watched: Watched, life: Life) -> Watched:
    """The same judgement of a life that went on."""
    # A life that has just ended is judged once more: until then it counts as it did.
    return watched if watched.life.state == life.state or life.state != UP else replace(watched, life=life)


def crowded(watched: Iterable[Watched]) -> set[tuple[str, str]]:
    """Services that have more than one life on a host."""
    seen: set[tuple[str, str]] = set()
    twice: set[tuple[str, str]] = set()
    for each in watched:
        if each.life.state == UP:
            key = each.judgement.history.service, each.life.who.host
            (twice if key in seen else seen).add(key)
    return twice


def name_of(each: Watched, several: set[tuple[str, str]]) -> str:
    """The host; with the process where a host has several of one service."""
    who = each.life.who
    alone = (each.judgement.history.service, who.host) not in several
    return who.host if alone else f"{who.host} {who.pid}"


def named(each: Watched, several: set[tuple[str, str]]) -> Judgement:
    judgement = each.judgement
    return replace(judgement, history=replace(judgement.history, host=name_of(each, several)))
