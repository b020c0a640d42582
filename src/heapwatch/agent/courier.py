"""One thread a sink, that carries what waits in the spool. A sink that is slow or dead delays nobody else.

delivered     the next one
Unavailable   the same again, after what the other side said or a time that doubles
NotLetIn      the same again, after a minute: token or address must be put right
Refused       this batch is given up, and counted
"""

from __future__ import annotations

import threading
import time
from typing import Callable

from heapwatch.agent.journal import Journal
from heapwatch.agent.spool import Entry, Spool
from heapwatch.errors import Refused, Unavailable, Unreadable
from heapwatch.ship import NotLetIn, Sink
from heapwatch.wire.batch import decode

FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0


class Courier(threading.Thread):
    """Carries batches to one sink until told to stop. `chance` yields numbers in [0, 1)."""

    def __init__(
        self,
        sink: Sink,
        spool: Spool,
        journal: Journal,
        chance: Callable[[], float],
        wake_main: Callable[[], None],
    ) -> None:
        super().__init__(name=f"courier {sink.name}", daemon=True)
        self.sink = sink
        self.sent = 0
        self.errors = 0
        self.refused = 0
        self.error = ""  # of the newest try, or ""
        self.sent_at: float | None = None  # wall clock, for people
        self.crash: BaseException | None = None
        self._spool = spool
        self._journal = journal
        self._chance = chance
        self._wake_main = wake_main
        self._failures = 0
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._deadline = 0.0

    def wake(self) -> None:
        """There is something new in the spool."""
        self._news.set()

    def finish(self, deadline: float) -> None:
        """Carry what is left, as long as it goes well and `deadline` (monotonic) has not come."""
        self._deadline = deadline
        self._stopping.set()
        self._news.set()

    def run(self) -> None:
        try:
            while self._step():
                pass
        except BaseException as error:  # noqa: BLE001 - the main thread raises it: no sink dies in silence
            self.crash = error
            self._wake_main()
        finally:
            self.sink.close()

    def _step(self) -> bool:
        self._news.clear()
        entry = self._spool.peek(self.sink.name)
        if entry is None:
            if self._stopping.is_set():
                return False
            self._news.wait()
            return True
        wait = self._carry(entry)
        if wait is None:
            return not self._stopping.is_set() or time.monotonic() < self._deadline
        return not self._stopping.wait(wait)

    def _carry(self, entry: Entry) -> float | None:
        """Try once. None when this batch is done with, else how long to wait before the next try."""
        try:
            self._send(entry.data)
        except Unavailable as error:
            return self._failed(error, error.retry_after)
        except NotLetIn as error:
            return self._failed(error, LAST_RETRY_S)
        except (Refused, Unreadable) as error:
            self.refused += 1
            self.error = str(error)
            self._journal.warning(f"batch {entry.sequence} is given up: {error}", self.sink.name)
            self._spool.done(self.sink.name, entry.sequence, given_up=True)
            return None
        self.sent += 1
        self.sent_at = time.time()
        self.error, self._failures = "", 0
        self._journal.solved(self.sink.name, f"{self.sink.name}: batches are delivered again")
        self._spool.done(self.sink.name, entry.sequence)
        return None

    def _send(self, data: bytes) -> None:
        send_encoded = getattr(self.sink, "send_encoded", None)
        if send_encoded is not None:
            send_encoded(data)
        else:
            self.sink.send(decode(data))

    def _failed(self, error: Exception, retry_after: float | None) -> float:
        self.errors += 1
        self.error = str(error)
        self._journal.warning(f"{error}; batches wait", self.sink.name)
        wait = min(FIRST_RETRY_S * 2**self._failures, LAST_RETRY_S) if retry_after is None else retry_after
        self._failures = min(self._failures + 1, 10)
        return wait * (0.75 + 0.5 * self._chance())
