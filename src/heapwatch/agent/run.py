"""`heapwatch-agent run`: everything is put together here, kept running, and taken apart again.

SIGTERM, SIGINT   a last batch, a few seconds to deliver, end
SIGHUP            read the configuration again and begin anew with it; a bad one is told and not used
"""

from __future__ import annotations

import errno
import gc
import json
import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Sequence

from heapwatch import __version__
from heapwatch.agent import sinks, units
from heapwatch.agent.clock import Clock
from heapwatch.agent.config import DEFAULT_LISTEN, Settings
from heapwatch.agent.courier import Courier
from heapwatch.agent.exits import Exits
from heapwatch.agent.health import Report, problems, report
from heapwatch.agent.identity import agent_id
from heapwatch.agent.journal import Journal
from heapwatch.agent.notify import Notifier
from heapwatch.agent.probes import lives_of
from heapwatch.agent.spool import Spool
from heapwatch.agent.tick import Agent
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.ship import HearingSink, Sink

if TYPE_CHECKING:
    from heapwatch.agent.tail import Tails
    from heapwatch.agent.window import Window

STATE_FILE = "agent.json"

_LAST_DELIVERY_S = 5.0
_STATUS_EVERY_S = 30.0
_STUCK_S = 120.0


class Signals:
    """What the operating system has asked for, noted until the round is done."""

    def __init__(self) -> None:
        self.stop = False
        self.reload = False

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._reload)

    def _stop(self, *_: object) -> None:
        self.stop = True

    def _reload(self, *_: object) -> None:
        self.reload = True


def run(settings: Settings, load: Callable[[], Settings], journal: Journal) -> int:
    """Watch until told to stop. `load` reads the settings again, on SIGHUP."""
    signals, exits, notifier = Signals(), Exits(), Notifier(os.environ)
    signals.listen()
    exits.listen_to_signals()
    proven: Settings | None = None
    while not signals.stop:
        try:
            session = Session(settings, exits, notifier, journal)
        except UsageError as error:
            if proven is None or proven == settings:
                raise
            journal.error(f"the old settings stay: {error}")
            settings = proven
            continue
        proven = settings
        try:
            session.watch(signals)
        finally:
            notifier.tell(STOPPING="1") if signals.stop else notifier.tell(
                STATUS="reading the settings again"
            )
            session.close()
        if signals.reload:
            signals.reload = False
            settings = _reloaded(load, settings, journal)
    exits.close()
    return 0


def _reloaded(load: Callable[[], Settings], old: Settings, journal: Journal) -> Settings:
    try:
        settings = load()
    except UsageError as error:
        journal.error(f"the old settings stay: {error}")
        return old
    journal.info("the settings were read again")
    return settings


class Session:
    """The agent under one set of settings."""

    def __init__(self, settings: Settings, exits: Exits, notifier: Notifier, journal: Journal) -> None:
        self._settings, self._exits = settings, exits
        self._notifier, self._journal = notifier, journal
        chance = random.Random().random
        built = [sinks.build(sink) for sink in settings.sinks]
        self._spool = Spool(
            settings.directory,
            [sink.name for sink in built],
            max_bytes=settings.spool_bytes,
            max_memory=settings.memory_bytes,
        )
        try:
            self._begin(built, chance)
        except BaseException:
            self._spool.close()
            raise

    def _begin(self, built: Sequence[Sink], chance: Callable[[], float]) -> None:
        settings, exits, journal = self._settings, self._exits, self._journal
        self._couriers = [Courier(sink, self._spool, journal, chance, exits.wake) for sink in built]
        self._agent = Agent(
            settings,
            agent_id(settings.directory),
            self._spool,
            exits,
            clock=Clock(),
            chance=chance,
            journal=journal,
            tails=self._tails(),
            shipped=self._shipped,
        )
        for sink in built:
            if isinstance(sink, HearingSink):  # that its module is loaded only where it is used saves memory
                sink.heard = self._heard
        self._round_at = time.monotonic()
        self._window = self._open_window()
        self._leave_word()
        for courier in self._couriers:
            courier.start()
        gc.collect()
        gc.freeze()  # what was loaded by now stays: no collection needs to look at it again

    def watch(self, signals: Signals) -> None:
        """Rounds until a signal arrives."""
        notifier, agent = self._notifier, self._agent
        patience = notifier.watchdog_s or _STATUS_EVERY_S
        told_at = float("-inf")
        while not (signals.stop or signals.reload):
            wait = agent.tick()
            self._round_at = now = time.monotonic()
            for courier in self._couriers:
                if courier.crash is not None:
                    raise courier.crash
            if told_at == float("-inf"):
                notifier.tell(READY="1", STATUS=self._words())
                told_at = now
            elif notifier.heard and now >= told_at + min(patience, _STATUS_EVERY_S):
                notifier.tell(WATCHDOG="1", STATUS=self._words())
                told_at = now
            agent.ended(self._exits.wait(min(wait, patience / 2)))

    def close(self) -> None:
        """Ship the last batch, give the couriers a moment, let go of everything."""
        self._agent.close()
        deadline = time.monotonic() + _LAST_DELIVERY_S
        for courier in self._couriers:
            courier.finish(deadline)
        for courier in self._couriers:
            courier.join(max(0.0, deadline - time.monotonic()))
        self._spool.close()
        if self._window is not None:
            self._window.close()

    def report(self) -> Report:
        return report(self._agent, self._couriers)

    def _tails(self) -> Tails | None:
        settings = self._settings
        if not settings.tails and not settings.gc_logs:
            return None
        from heapwatch.agent.tail import Tails  # most agents have none

        tails = Tails(
            settings.tails,
            settings.directory,
            settings.host,
            settings.labels,
            self._journal,
            gc_logs=settings.gc_logs,
            look_every_s=settings.rescan_s,
        )
        tails.resume(self._spool.next_sequence(0) - 1)
        return tails

    def _shipped(self) -> None:
        for courier in self._couriers:
            courier.wake()

    def _heard(self, answer: object) -> None:
        """A server asks for something; said in a courier's thread, done in the main one."""
        self._agent.probes.ask(lives_of(answer))
        if not self._settings.probes:
            self._journal.warning(
                "the server asks for histograms of live objects; the setting `probes` is off"
            )

    def _words(self) -> str:
        found = self.report()
        troubles = len(problems(found))
        more = f", {troubles} trouble(s): heapwatch-agent status" if troubles else ""
        return f"{len(found['jvms'])} JVMs, {found['batches']} batches{more}"

    def _alive(self) -> bool:
        return time.monotonic() - self._round_at < _STUCK_S

    def _open_window(self) -> Window | None:
        listen = self._settings.listen
        if not listen:
            return None
        from heapwatch.agent.window import Window  # 0.8 MB

        host, port = units.address(listen)
        try:
            return Window(host, port, self.report, self._alive)
        except UsageError as error:
            cause = error.__cause__
            taken = isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE
            if listen != DEFAULT_LISTEN or not taken:
                raise
            return Window(host, 0, self.report, self._alive)  # another agent of this host has it

    def _leave_word(self) -> None:
        """Where `heapwatch-agent status` finds us."""
        address = self._window.address if self._window else ""
        self._journal.info(
            f"heapwatch-agent {__version__} watches {self._settings.host}; "
            + (f"look at http://{address}/status" if address else "it answers no questions (listen is off)")
        )
        path = Path(self._settings.directory) / STATE_FILE
        try:
            draft = path.with_name(f"{STATE_FILE}.{os.getpid()}")
            draft.write_text(json.dumps({"pid": os.getpid(), "address": address, "version": __version__}))
            os.replace(draft, path)
        except OSError as error:
            self._journal.warning(f"{path}: {error.strerror}; heapwatch-agent status will need --address")


def once(settings: Settings, form: str, journal: Journal) -> int:
    """One histogram of every JVM to standard output. 1 when one could not be had."""
    from heapwatch.ship.records import Records
    from heapwatch.ship.stdout import StdoutSink

    exits = Exits()
    spool = Spool(None, [])
    # Whoever asks for one histogram means now, also on a busy machine.
    settings = replace(settings, limits=replace(settings.limits, max_pressure=100.0))
    agent = Agent(
        settings,
        f"once:{os.getpid()}",
        spool,
        exits,
        clock=Clock(),
        chance=random.Random().random,
        journal=journal,
    )
    batch = agent.round()
    troubled = [watch for watch in agent.watches.values() if watch.trouble]
    if not agent.watches:
        raise HeapwatchError("no JVM runs here that fits the settings")
    StdoutSink(Records(form)).send(batch)
    for watch in troubled:
        journal.error(f"{watch.target.name} ({watch.target.pid}): {watch.trouble}")
    exits.close()
    return 1 if troubled else 0
