"""What a detector may be told: every threshold of the method, with its documented default.

One TOML file (`[detect]`) may change any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tomllib

from heapwatch.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """Thresholds; all growth is in objects, all ratios are of 1."""

    blocks: int = 24
    samples: int = 40  # histograms in the whole window
    samples_part: int = 24  # histograms in its last half, its last quarter
    young_collections: int = 3  # in a window of `all` histograms
    false_discoveries: float = 0.01  # Benjamini-Hochberg, of all classes of a JVM, shared by three windows
    drift: float = 3.0
    growth: float = 6.0
    draw_down: float = 0.25
    saturation: float = 0.40
    recency: float = 0.35
    episodes: float = 5.0
    new_high: float = 0.6
    no_slower: float = 0.6
    elasticity: float = 1.5
    of_evaluations: int = 4  # a class is reported when it is a candidate in `needed` of these
    needed: int = 3
    cycle_correlation: float = 0.4
    cycle_evenness: float = 0.25  # the least increment of a period, by the largest
    cycle_share: float = 0.8
    confirmed_share: float = 0.5  # of the growth that must survive a collection
    cleared_share: float = 0.1  # of the growth: when less survives it was garbage
    systemic_share: float = 0.6  # of the hosts
    peer_plateau: float = 1.1
    verify_samples: int = 15
    exposure: float = 0.3
    application: tuple[str, ...] = ()  # prefixes of the application's own classes

    @classmethod
    def of_file(cls, path: Path) -> Settings:
        """The settings in a TOML file's `[detect]`; UsageError names what it does not know."""
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8")).get("detect", {})
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} is no settings file: {error}") from error
        known = {field.name: field for field in fields(cls)}
        given: dict[str, Any] = {}
        for name, value in found.items():
            if name not in known:
                raise UsageError(f"{path}: unknown setting detect.{name}; known are {', '.join(known)}")
            given[name] = _fitting(path, name, value, getattr(cls, name))
        return cls(**given)


def _fitting(path: Path, name: str, value: object, default: object) -> object:
    """The value in the default's type."""
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        if isinstance(default, float):
            return float(value)
        if value == int(value):
            return int(value)
    raise UsageError(f"{path}: detect.{name} = {value!r} is not like its default {default!r}")
