"""Silences: for some time nobody is told of some monitors or groups. States go on all the same."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import blake2b

from heapwatch.errors import UsageError
from heapwatch.monitor.kinds.base import Labels, Monitor, matching

LONGEST_MS = 90 * 86_400_000


@dataclass(frozen=True)
class Silence:
    """`monitor` is a glob, `match` globs of labels."""

    id: str
    monitor: str
    match: Labels
    starts: int  # epoch ms
    ends: int
    by: str = ""
    note: str = ""

    def covers(self, monitor: str, labels: Labels, at: int) -> bool:
        fits = matching({"monitor": self.monitor, **self.match})
        return self.starts <= at < self.ends and fits({**labels, "monitor": monitor})

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Silence:
        return cls(**json.loads(text))


def silence(monitor: str, match: Labels, starts: int, ends: int, by: str = "", note: str = "") -> Silence:
    """A new one; UsageError when it never is, or would be for ever."""
    if ends <= starts:
        raise UsageError("a silence ends after it begins")
    if ends - starts > LONGEST_MS:
        raise UsageError("a silence lasts 90 days at most; disable the monitor instead")
    name = json.dumps([monitor, dict(match), starts, ends, by, note])
    return Silence(blake2b(name.encode(), digest_size=6).hexdigest(), monitor, match, starts, ends, by, note)


@dataclass
class Silences:
    known: dict[str, Silence] = field(default_factory=dict)

    def quiet(self, monitor: Monitor, labels: Labels, at: int) -> str:
        """Why nobody is told of this now; "" when they are."""
        for mute in monitor.mute:
            if mute.covers(at):
                return f"mute: {mute}"
        found = next((each for each in self.known.values() if each.covers(monitor.name, labels, at)), None)
        return f"silence {found.id}" if found else ""

    def over(self, at: int) -> Iterable[str]:
        """Those that have ended long ago."""
        return [each.id for each in self.known.values() if each.ends < at - LONGEST_MS]
