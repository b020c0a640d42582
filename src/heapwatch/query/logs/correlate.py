"""What the logs of some hosts said in a stretch of time that they had not said in the hour before.

Messages of both stretches are reduced to signatures together. A signature's rate in the window is compared to
its rate before by the likelihood ratio of two Poisson counts with their exposures,

    score = 2 (n ln(n / e) + m ln(m / f)) / dispersion,     e and f: what either would be at one common rate

where the dispersion is how much more the counts by minute of the hour before vary than Poisson ones would:
what comes in bursts anyway is no news. Beside them stand the events of the window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.errors import UsageError
from heapwatch.query.logs import logreduce
from heapwatch.query.logs.format import pattern
from heapwatch.query.logs.limits import Limits, spoken
from heapwatch.query.logs.plan import Binder
from heapwatch.query.tree import Pattern
from heapwatch.store.errors import NotFound, TooBig
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.selection import any_of
from heapwatch.store.store import Store

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
MOST_ROWS = 200_000
MOST_SIGNATURES = 50
"""Of each kind in an answer."""

SAMPLED_FROM = 1_000_000
"""With more messages than this, evenly chosen ones stand for all."""

CHANGED = 10.83
"""The score from which a change is none of chance: once in a thousand signatures that do not change."""

VANISHED = 6.63
"""The score from which silence is none of chance: once in a hundred."""

TWICE = 1.5
"""A rate that is less than this times another is much the same."""

HISTOGRAMS = "heapwatch/histogram"
"""Raw histograms, whose category this is, are no messages of anybody's."""

COUNT = """
SELECT count() AS n FROM log WHERE source IN {sources}
  AND time >= fromUnixTimestamp64Milli({before}) AND time < fromUnixTimestamp64Milli({to})
"""

MESSAGES = """
SELECT template, minute, toFloat64(count()) AS n, toInt64(min(t)) AS first, argMin(body, (t, seq)) AS sample,
       toFloat64(max(@loose)) AS loose,
       arrayStringConcat(arrayMap(x -> toString(x), arraySort(groupUniqArray(source))), ' ') AS sources
FROM (
    SELECT @template AS template, least(intDiv(t - {before}, 60000), {minutes}) AS minute,
           t, seq, source, body
    FROM (SELECT toUnixTimestamp64Milli(time) AS t, seq, source, text AS body FROM log
          WHERE source IN {sources} AND time >= fromUnixTimestamp64Milli({before})
            AND time < fromUnixTimestamp64Milli({to}) AND cityHash64(time, seq) % {every} = 0)
)
GROUP BY template, minute ORDER BY n DESC, template, minute LIMIT {most}
"""


@dataclass
class Signature:
    """A kind of message: how often it came in the window, and minute by minute before."""

    text: str
    minutes: NDArray[np.float64]
    inside: float = 0.0
    first: int = 0
    sample: str = ""
    exact: bool = True
    sources: set[int] = field(default_factory=set)

    @property
    def before(self) -> float:
        return float(self.minutes.sum())


def correlate(
    store: Store,
    *,
    from_: int,
    to: int,
    query_id: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    **chosen: Any,
) -> dict[str, Any]:
    """Signatures that appeared, vanished or changed their rate in [from_, to), and events, each ranked."""
    if to <= from_:
        raise UsageError(f"the window ends ({to}) before it begins ({from_})")
    parts = store.parts.asked_by(query_id)
    sources = _sources(parts, chosen)
    events, unknown = _events(store, from_, to, query_id, chosen)
    if unknown and not sources:
        raise unknown
    window = _Window(parts, sources, from_, to, limits)
    try:
        signatures = window.signatures()
    except TooBig as error:
        raise spoken(error, limits, "", from_, to) from error
    appeared, vanished, changed = window.ranked(signatures)
    return {
        "window": {"from": from_, "to": to},
        "before": {"from": from_ - HOUR_MS, "to": from_},
        "appeared": appeared,
        "vanished": vanished,
        "changed": changed,
        "events": events,
        "warnings": window.warnings,
    }


def _sources(parts: Parts, chosen: Mapping[str, Any]) -> list[int]:
    """Log sources of the hosts and JVMs: also those of their hosts that belong to no JVM."""
    hosts, jvms = any_of(_several(chosen, "host")), any_of(_several(chosen, "jvm"))
    labels = [(name, any_of([value])) for name, value in (chosen.get("labels") or {}).items()]
    known = {each.who.host for each in list(parts.names.jvms.by_id.values()) if jvms(each.who.jvm)}
    return [
        id_
        for id_, source in parts.names.logs.by_id.copy().items()
        if source.category != HISTOGRAMS
        and hosts(source.host)
        and (
            jvms(source.labels["jvm"])
            if source.labels.get("jvm")
            else not chosen.get("jvm") or source.host in known
        )
        and all(fits(source.labels.get(name, "")) for name, fits in labels)
    ]


def _several(chosen: Mapping[str, Any], name: str) -> Sequence[str]:
    found = chosen.get(name) or ()
    return [found] if isinstance(found, str) else list(found)


def _events(
    store: Store, from_: int, to: int, query_id: str | None, chosen: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], NotFound | None]:
    try:
        found = store.events(from_=from_, to=to, query_id=query_id, **chosen)["events"]
    except NotFound as error:  # a host may send logs and have no JVM
        return [], error
    return list(found), None


class _Window:
    """The messages of a window and of the hour before it."""

    def __init__(self, parts: Parts, sources: list[int], from_: int, to: int, limits: Limits) -> None:
        self._parts, self._sources, self._limits = parts, sources, limits
        self._from, self._to = from_, to
        self._every = 1
        self.warnings: list[dict[str, Any]] = []

    def signatures(self) -> list[Signature]:
        if not self._sources:
            self._say("no log comes from there")
            return []
        binder = Binder()
        bound = {
            "before": binder.bind(self._from - HOUR_MS, "Int64"),
            "to": binder.bind(self._to, "Int64"),
            "sources": binder.bind(self._sources, f"Array({self._parts.names.ids.type})"),
            "minutes": binder.bind(HOUR_MS // MINUTE_MS, "Int64"),
            "most": binder.bind(MOST_ROWS, "UInt64"),
        }
        total = int(self._ask(_filled(COUNT, bound), binder)["n"][0])
        self._every = max(1, -(-total // SAMPLED_FROM))
        bound["every"] = binder.bind(self._every, "UInt64")
        sql = _filled(MESSAGES, bound).replace("@template", logreduce.in_sql("body", binder.bind))
        sql = sql.replace("@loose", logreduce.loose_in_sql("body", binder.bind))
        found = self._ask(sql, binder)
        if self._every > 1:
            self._say(f"{total} messages: one in {self._every} was looked at, counts are estimates")
        if len(found) == MOST_ROWS:
            self._say(f"only the {MOST_ROWS} most frequent templates by minute were looked at")
        return self._reduced(found)

    def _ask(self, sql: str, binder: Binder) -> Any:
        return self._parts.query(*binder.question(sql), self._limits.settings())

    def _reduced(self, found: Any) -> list[Signature]:
        kinds = logreduce.signatures(found["template"]) if len(found) else {}
        signatures: dict[str, Signature] = {}
        inside_at = HOUR_MS // MINUTE_MS
        columns = [found[name] for name in ("template", "sample", "sources")]
        numbers = [found[name].tolist() for name in ("minute", "n", "first", "loose")]
        for template, sample, sources, minute, n, first, loose in zip(*columns, *numbers, strict=True):
            text = kinds[template]
            each = signatures.setdefault(text, Signature(text, np.zeros(inside_at)))
            inside = minute >= inside_at
            newer = inside and each.inside == 0.0
            if newer or not each.sample or (inside == (each.inside > 0) and first < each.first):
                each.first, each.sample = first, sample
            if newer:
                each.sources.clear()
            if inside:
                each.inside += n
            else:
                each.minutes[minute] += n
            if inside or each.inside == 0.0:
                each.sources.update(map(int, sources.split()))
            each.exact &= not loose
        if signatures and not any(each.before for each in signatures.values()):
            self._say("there are no messages from the hour before to compare with")
        return list(signatures.values())

    def ranked(self, signatures: list[Signature]) -> tuple[list[Any], list[Any], list[Any]]:
        """Appeared, vanished and changed ones, what is least likely chance first."""
        appeared, vanished, changed = [], [], []
        for each in signatures:
            score, ratio = scored(each, self._to - self._from)
            row = self._row(each, score, ratio)
            if not each.before:
                appeared.append(row)
            elif not each.inside:
                if score >= VANISHED:
                    vanished.append(row)
            elif score >= CHANGED and max(ratio, 1 / ratio) >= TWICE:
                changed.append(row)
        for name, rows in (("appeared", appeared), ("vanished", vanished), ("changed", changed)):
            rows.sort(key=lambda row: (-row["score"], row["signature"]))
            if len(rows) > MOST_SIGNATURES:
                self._say(f"{len(rows)} signatures {name}; the first {MOST_SIGNATURES} are shown")
                del rows[MOST_SIGNATURES:]
        return appeared, vanished, changed

    def _row(self, each: Signature, score: float, ratio: float) -> dict[str, Any]:
        sources = self._parts.names.logs.by_id
        hosts = sorted({sources[id_].host for id_ in each.sources if id_ in sources})
        fitting = pattern(Pattern(logreduce.pattern(each.text, each.exact), quoted=True))
        return {
            "signature": each.text,
            "count": round(each.inside * self._every),
            "before": round(each.before * self._every),
            "hosts": hosts,
            "first": each.first,
            "sample": each.sample,
            "ratio": ratio if each.before and each.inside else None,
            "score": round(score, 3),
            "query": f"* | where _text matches {fitting}",
        }

    def _say(self, message: str) -> None:
        self.warnings.append({"message": message, "count": None, "row": None})


def scored(each: Signature, window_ms: int) -> tuple[float, float]:
    """How surely the rate changed (see above), and how many times as high it is in the window."""
    n, m = each.inside, each.before
    share = window_ms / (window_ms + HOUR_MS)
    expected, others = (n + m) * share, (n + m) * (1 - share)
    ratio = (n / window_ms) / (m / HOUR_MS) if m else math.inf
    likelihood = 2 * (_part(n, expected) + _part(m, others))
    return max(0.0, likelihood) / dispersion(each.minutes), ratio


def dispersion(minutes: NDArray[np.float64]) -> float:
    """Variance over mean of counts by minute; 1 if they vary no more than chance makes them."""
    mean = float(minutes.mean())
    return max(1.0, float(minutes.var(ddof=1)) / mean) if mean else 1.0


def _part(count: float, expected: float) -> float:
    return count * math.log(count / expected) if count else 0.0


def _filled(sql: str, bound: Mapping[str, str]) -> str:
    for name, parameter in bound.items():
        sql = sql.replace(f"{{{name}}}", parameter)
    return sql
