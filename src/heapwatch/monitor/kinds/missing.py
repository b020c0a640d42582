"""`missing`: nothing is heard any more of a JVM, a host, or a series of a query.

    - {name: silent, kind: missing, of: hosts, warning: 5m, critical: 30m}
    - {name: no-orders, kind: missing, query: "metric=shop.orders | sum by host", critical: 10m}

What ended and was reported to have ended is not missing. Time in which we did not look does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import model_validator

from heapwatch import human
from heapwatch.monitor.kinds.base import Eyes, Labels, Life, Looked, Moment, chosen, matching
from heapwatch.monitor.kinds.query import STEPS_MS, MetricQuery
from heapwatch.monitor.kinds.unheard import Unheard
from heapwatch.monitor.states import Seen, key_of

BY: Mapping[str, Sequence[str]] = {"jvms": ("service", "host", "jvm"), "hosts": ("host",)}


class Missing(Unheard):
    kind: Literal["missing"]
    of: Literal["jvms", "hosts", "series"] = "jvms"
    query: MetricQuery | None = None
    by: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Missing:
        if (self.query is not None) != (self.of == "series"):
            raise ValueError("a query goes with `of: series`, and `of: series` with a query")
        if self.match and self.query is not None:
            raise ValueError("match is for JVMs and hosts; the query says which series")
        return self

    @property
    def asked(self) -> str:
        if self.query is not None:
            return self.query
        return " ".join([self.of, *(f"{name}={value}" for name, value in self.match.items())])

    def look(self, eyes: Eyes, moment: Moment) -> Looked:
        heard = self._series(eyes, moment) if self.query is not None else self._lives(eyes, moment)
        found = []
        for labels, at in heard.values():
            silence = (moment.at - max(at, moment.resumed)) / 1000
            found.append((labels, self._seen(max(0.0, silence))))
        return found

    def _seen(self, silence: float) -> Seen:
        level, bound = self.bounds.broken(silence)
        text = f"nothing was heard for {human.duration(silence)}" if bound else "it is heard of"
        seen = Seen.wrong(level, silence, text)
        return seen if bound is None else Seen(level, silence, text, seen.clear, seen.eased, absent=True)

    def _lives(self, eyes: Eyes, moment: Moment) -> dict[str, tuple[Labels, int]]:
        fits, by = matching(self.match), self.by or BY[self.of]
        groups: dict[str, tuple[Labels, list[Life]]] = {}
        for each in eyes.lives(moment.at, moment.at - self.forget):
            if fits(each.labels):
                labels = chosen(each.labels, by)
                groups.setdefault(key_of(labels), (labels, []))[1].append(each)
        return {key: (labels, _newest(lives, moment.at)) for key, (labels, lives) in groups.items()}

    def _series(self, eyes: Eyes, moment: Moment) -> dict[str, tuple[Labels, int]]:
        assert self.query is not None
        longest = max(self.warning or 0, self.critical or 0)
        shortest = min(each for each in (self.warning, self.critical) if each)
        step = max(each for each in STEPS_MS if each <= max(shortest // 5, STEPS_MS[0]))
        to = moment.at - moment.at % step
        begin = to - (longest // step + 2) * step
        found: dict[str, tuple[Labels, int]] = {}
        for labels, values in eyes.points(self.query, begin, to, step):
            newest = max((at for at, value in enumerate(values) if value is not None), default=None)
            if newest is not None:
                group = chosen(labels, self.by)
                at = min(begin + (newest + 1) * step, to)
                known = found.get(key_of(group))
                found[key_of(group)] = group, at if known is None else max(at, known[1])
        for known_labels in moment.known:
            found.setdefault(key_of(known_labels), (known_labels, begin))
        return found


def _newest(lives: Sequence[Life], at: int) -> int:
    """When a group was heard of last; now, where all that was there has ended."""
    alive = [each for each in lives if not each.ended or max(each.histogram, each.metric) > each.ended]
    return max((max(each.histogram, each.metric, each.failed) for each in alive), default=at)
