"""How often, and whether at all, a JVM may be stopped for a histogram. Pure: the clock is an argument.

    prediction     before the first visit from the used heap and the collector, afterwards 1.5 x the newest
                   pause, and more for what the heap has grown; above `max_pause_ms` the visit is refused
    interval       average pause / `share`, between `min_interval_s` and `max_interval_s`, +-25 % by chance
    credit         a bucket that fills by `share` of the time: what a long pause took must first flow back
    back-off       10 minutes after a pause of three times its prediction that also was a long one; and no
                   visit while the host or the JVM's control group is short of CPU

A visit right after a collection is shorter and shows no garbage, so one waits for it within
[interval, 1.5 x interval]: from `next_visit` on, `overdue` at the latest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from heapwatch.model import LIVE

GB = 1 << 30

_PRIOR_MS_PER_GB = {"ZGC": 1200.0, "Shenandoah": 1200.0}
_PRIOR_MS_PER_GB_ELSE = 400.0
_LIVE_FACTOR = 4.0
_LIVE_FACTOR_8 = 8.0
_FLOOR_MS = 2.0  # a visit of an empty heap still is a safepoint
_MARGIN = 1.5
_SURPRISE = 3.0
_LONG = 0.5  # of `max_pause_ms`: shorter ones may surprise, a busy machine makes 3 ms to 30
_WEIGHT = 0.3  # of the newest pause in the average
_JITTER = 0.25
_PATIENCE = 1.5
_BUCKET_S = 600.0
BACK_OFF_S = 600.0


@dataclass(frozen=True)
class Limits:
    """What the user allows."""

    share: float = 0.005
    max_pause_ms: float = 500.0
    min_interval_s: float = 10.0
    max_interval_s: float = 3600.0
    max_pressure: float = 20.0  # per cent of the last 10 s in which some task waited for a CPU (PSI)


@dataclass(frozen=True)
class Decision:
    """Whether to visit now; if not, why, and in how many seconds to ask again."""

    allowed: bool
    why: str = ""
    retry_after: float = 0.0


def prior_ms(used_bytes: float, collector: str, mode: str, java_version: str = "") -> float:
    """The pause to expect of a JVM that was never visited. Real heaps are two to three times cheaper."""
    return max(used_bytes * _prior_ms_per_byte(collector, mode, java_version), _FLOOR_MS)


def _prior_ms_per_byte(collector: str, mode: str, java_version: str) -> float:
    rate = _PRIOR_MS_PER_GB.get(collector, _PRIOR_MS_PER_GB_ELSE) / GB
    if mode == LIVE:
        rate *= _LIVE_FACTOR_8 if java_version.startswith(("1.8", "8")) else _LIVE_FACTOR
    return rate


class PauseBudget:
    """The visits of one JVM in one mode. Times are seconds of any clock that only moves forward."""

    def __init__(
        self, limits: Optional[Limits] = None, collector: str = "", mode: str = "all", java_version: str = ""
    ) -> None:
        self.limits = limits = limits or Limits()
        self._prior = _prior_ms_per_byte(collector, mode, java_version)
        self._newest: Optional[float] = None
        self._newest_bytes: Optional[float] = None
        self._average: Optional[float] = None
        # At least the longest pause that is allowed, so that it is possible at all.
        self._full_ms = max(limits.share * _BUCKET_S * 1000, limits.max_pause_ms)
        self._credit_ms = self._full_ms
        self._filled_at: Optional[float] = None
        self._not_before = float("-inf")
        self._visited_at: Optional[float] = None

    @property
    def average_ms(self) -> Optional[float]:
        """The moving average of measured pauses."""
        return self._average

    def prediction_ms(self, used_bytes: Optional[float]) -> float:
        """The pause to expect of the next visit, on the safe side."""
        if self._newest is None:
            return max((used_bytes or 0.0) * self._prior, _FLOOR_MS)
        more = max((used_bytes or 0.0) - self._newest_bytes, 0.0) if self._newest_bytes else 0.0
        return max((self._newest + more * self._prior) * _MARGIN, _FLOOR_MS)

    def interval_s(self) -> float:
        """Seconds between two visits that keep the share; without chance."""
        if self._average is None:
            return self.limits.min_interval_s
        wanted = self._average / 1000 / self.limits.share
        return min(max(wanted, self.limits.min_interval_s), self.limits.max_interval_s)

    def next_visit(self, now: float, chance: float) -> float:
        """When the next visit is due. `chance` in [0, 1) spreads a fleet by +-25 % of the interval."""
        start = self._visited_at if self._visited_at is not None else now
        spread = 1 + _JITTER * (2 * chance - 1)
        return max(start + self.interval_s() * spread, self._not_before)

    def overdue(self, due: float) -> float:
        """Until when to wait for a collection, for a visit that was due at `due`."""
        return due + self.interval_s() * (_PATIENCE - 1)

    def decide(
        self,
        now: float,
        used_bytes: Optional[float],
        pressure: Optional[float] = None,
        throttled: bool = False,
    ) -> Decision:
        """Whether a visit now keeps all the rules."""
        if now < self._not_before:
            return Decision(False, "a pause was far longer than predicted", self._not_before - now)
        if pressure is not None and pressure > self.limits.max_pressure:
            return Decision(False, f"the host is short of CPU (PSI {pressure:.0f} %)", 10.0)
        if throttled:
            return Decision(False, "the JVM's control group is being throttled", 10.0)
        prediction = self.prediction_ms(used_bytes)
        if prediction > self.limits.max_pause_ms:
            return Decision(
                False,
                f"a pause of {prediction:.0f} ms is expected, {self.limits.max_pause_ms:.0f} ms are allowed",
                self.interval_s(),
            )
        missing = self._cost(prediction) - self._credit(now)
        if missing > 0:
            return Decision(False, "the pause budget is used up", missing / 1000 / self.limits.share)
        return Decision(True)

    def visited(self, now: float, pause_ms: float, used_bytes: Optional[float] = None) -> None:
        """A visit ended at `now` and stopped the application for `pause_ms`."""
        prediction = self.prediction_ms(used_bytes)
        known = self._average is not None
        self._credit(now)
        self._credit_ms -= pause_ms
        self._visited_at = now
        self._average = (
            pause_ms if self._average is None else self._average + _WEIGHT * (pause_ms - self._average)
        )
        self._newest, self._newest_bytes = pause_ms, used_bytes
        if known and pause_ms > max(_SURPRISE * prediction, _LONG * self.limits.max_pause_ms):
            self._not_before = now + BACK_OFF_S

    def failed(self, now: float) -> None:
        """A visit at `now` gave nothing: it counts as one for the interval, not for the average."""
        self._visited_at = now

    def _cost(self, prediction: float) -> float:
        """What must be in the bucket for a visit; never more than it holds when full."""
        return min(prediction / _MARGIN, self._full_ms)

    def _credit(self, now: float) -> float:
        if self._filled_at is not None:
            filled = (now - self._filled_at) * 1000 * self.limits.share
            self._credit_ms = min(self._credit_ms + max(filled, 0.0), self._full_ms)
        self._filled_at = now
        return self._credit_ms
