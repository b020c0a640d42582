"""Families: classes that grow together, their root, the ratios in it and the bytes of one leak.

Two leaks of constant rates are both straight lines. What tells them apart is the fingerprint that independent
arrivals leave on a line (a Poisson bridge of about sqrt(G/6) for G arrivals): members of one family share it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect import kinds
from heapwatch.detect.history import Floats

FINGERPRINT = 0.5
RELATIVE = 0.002
LOOSE = {kinds.JDK: 0.95, kinds.CONTAINER: 0.8, kinds.PRIMITIVE: 0.8}
SHOWN = 4.0
"""A coefficient of bytes is used when it is so many standard errors above zero."""


@dataclass(frozen=True)
class Family:
    """Classes by their places, with how many objects of each come with one of the root."""

    root: int
    members: dict[int, float]

    @property
    def equals(self) -> list[int]:
        """The classes that come one to one with the root; histograms cannot tell who of them holds whom."""
        return [place for place, ratio in self.members.items() if abs(ratio - 1) < 0.05]


def families(
    places: NDArray[np.intp], levels: Floats, names: list[str], application: tuple[str, ...]
) -> list[Family]:
    """Group candidates (`levels` is K x all classes), the one that names its leak best first."""
    grown = {int(place): float(levels[-1, place] - levels[0, place]) for place in places}
    ranks = {place: kinds.rank(names[place], application) for place in grown}
    centred = levels - levels.mean(axis=0)
    unused = sorted(grown, key=lambda place: (ranks[place], grown[place], names[place]))
    found: list[Family] = []
    while unused:
        root = unused[0]
        members = {root: 1.0}
        for place in unused[1:]:
            ratio = _ratio(centred[:, place], centred[:, root], max(grown[root], 1.0), max(grown[place], 1.0))
            if ratio:
                members[place] = ratio
        if ranks[root] >= kinds.JDK and found and _attached(found, root, members, centred, ranks[root]):
            unused = [place for place in unused if place not in members]
            continue
        unused = [place for place in unused if place not in members]
        found.append(Family(root, members))
    return found


def _ratio(own: Floats, root: Floats, root_growth: float, growth: float) -> float:
    """Objects per object of the root, 0 when the class does not follow it."""
    square = float(root @ root)
    if square <= 0:
        return 0.0
    ratio = float(own @ root) / square
    residue = float(np.sqrt(((own - ratio * root) ** 2).mean()))
    allowed = max(FINGERPRINT * ratio * np.sqrt(root_growth / 6) + 1, RELATIVE * growth)
    return ratio if ratio > 0 and residue <= allowed else 0.0


def _attached(found: list[Family], root: int, members: dict[int, float], centred: Floats, rank: int) -> bool:
    """Put a family whose name says little with the one it follows best."""
    own = centred[:, root]
    best, most = None, LOOSE.get(rank, 1.0)
    for family in found:
        likeness = alike(own, centred[:, family.root])
        if likeness > most:
            best, most = family, likeness
    if best is None:
        return False
    lead = centred[:, best.root]
    per_root = float(own @ lead) / float(lead @ lead)
    best.members.update({place: ratio * per_root for place, ratio in members.items()})
    return True


def alike(one: Floats, other: Floats) -> float:
    """Their correlation; 0 when one of them does not move."""
    x, y = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0


def bytes_per_leak(found: list[Family], levels: Floats, sizes: Floats) -> list[float]:
    """Shallow bytes that one object of each root brings with it, all classes counted.

    One least-squares fit of every class's bytes on the counts of all roots; what is not clearly above zero is
    left out. `levels` and `sizes` are K x classes, of the same histograms.
    """
    roots = np.stack([levels[:, family.root] for family in found], axis=1)
    design = np.concatenate([np.ones((len(levels), 1)), roots], axis=1)
    wanted = sorted({place for family in found for place in family.members})
    solved, *_ = np.linalg.lstsq(design, sizes[:, wanted], rcond=None)
    residue = sizes[:, wanted] - design @ solved
    degrees = max(len(levels) - design.shape[1], 1)
    spread = np.linalg.pinv(design.T @ design).diagonal()
    errors = np.sqrt(np.outer(spread, (residue**2).sum(axis=0) / degrees))
    clear = np.where(solved > SHOWN * errors, solved, 0.0)[1:]
    mine = [[place in family.members for place in wanted] for family in found]
    return [float((clear[number] * mine[number]).sum()) for number in range(len(found))]
