"""`collection`: a JVM lives, but cannot be measured: no histogram comes, or the JVM refuses.

- {name: unmeasured, kind: collection, warning: 15m}
"""

from __future__ import annotations

from typing import Literal

from heapwatch import human
from heapwatch.monitor.kinds.base import Eyes, Grouped, Life, Looked, Moment, matching
from heapwatch.monitor.kinds.unheard import Unheard
from heapwatch.monitor.states import Seen


class Collection(Unheard):
    kind: Literal["collection"]
    by: tuple[str, ...] = ("service", "host", "jvm", "pid")

    @property
    def asked(self) -> str:
        return " ".join(["collection", *(f"{name}={value}" for name, value in self.match.items())])

    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        fits, groups = matching(self.match), Grouped(self.by)
        for each in eyes.lives(moment.at, moment.at - self.forget):
            if fits(each.labels) and not _ended(each):
                groups.add(each.labels, self._seen(each, moment))
        return groups.looked

    def _seen(self, life: Life, moment: Moment) -> Seen:
        refused = life.failed > life.histogram
        since = life.histogram or life.failed or life.metric
        silence = (moment.at - max(since, moment.resumed)) / 1000 if refused or _alive(life) else 0.0
        level, bound = self.bounds.broken(max(0.0, silence))
        if bound is None:
            return Seen.wrong(level, 0.0, "histograms are taken")
        why = f": {life.failure}" if refused and life.failure else ""
        return Seen.wrong(level, silence, f"no histogram for {human.duration(silence)}{why}")


def _alive(life: Life) -> bool:
    """Whether there is something newer than its last histogram: it is heard of, but not measured."""
    return life.metric > life.histogram


def _ended(life: Life) -> bool:
    return bool(life.ended) and life.ended >= max(life.histogram, life.metric)
