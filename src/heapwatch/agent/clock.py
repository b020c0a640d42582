"""The time that samples bear: the wall clock's, but never going backwards.

    wall clock jumps forward    so do we, at once
    wall clock is set back      we go on from where we are at half speed until it has caught up

So within a series times always rise, every sample keeps a time of its own, and a wrong clock is forgotten
some time after it was put right. Everything that waits uses the monotonic clock instead.
"""

from __future__ import annotations

import time
from typing import Callable

_NOTEWORTHY_S = 10.0


class Clock:
    """Epoch milliseconds for samples. `stepped` tells once of a step worth an event."""

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self.monotonic = wall, monotonic
        self._shown, self._shown_at = wall(), monotonic()
        self._offset = self._shown - self._shown_at
        self._step = 0.0

    def now_ms(self) -> int:
        """The time for a sample taken now."""
        wall, now = self._wall(), self.monotonic()
        step = wall - now - self._offset
        if abs(step) >= _NOTEWORTHY_S:
            self._step += step
        self._offset = wall - now
        slow = self._shown + (now - self._shown_at) / 2
        self._shown, self._shown_at = max(wall, slow), now
        return int(self._shown * 1000)

    def stepped(self) -> float:
        """By how many seconds the wall clock was set since the last call; 0 when by none worth telling."""
        step, self._step = self._step, 0.0
        return step

    @property
    def ahead_s(self) -> float:
        """How far samples are ahead of the wall clock: above 0 for a while after it was set back."""
        return max(0.0, self._shown - self._wall())
