"""`Hands` by the fleet: the hosts of an inventory, and this machine.

An inventory that changes is read anew before the next step; while it cannot be read, the step says why.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.fleet import inventory
from heapwatch.fleet.hosts import Inventory
from heapwatch.fleet.reach import Fleet
from heapwatch.fleet.results import STOPPED, TIMED_OUT, HostFailed, HostResult
from heapwatch.human import plural
from heapwatch.model import Batch
from heapwatch.monitor import marked
from heapwatch.workflow import dumped
from heapwatch.workflow.steps.base import Stopped, TimedOut


class FleetHands:
    """Safe to use from any thread; nothing is opened before the first step needs it."""

    def __init__(
        self,
        source: Path | None,
        keep: Callable[[Batch], None] | None = None,
        ssh_config: Path | None = None,
        failed: Callable[[Mapping[str, Any]], None] = lambda _row: None,
    ) -> None:
        """`keep` stores a histogram that was collected; it raises a HeapwatchError when it cannot.

        `failed` is told the row of each host that could not be collected from.
        """
        self._failed = failed
        self._source = source
        self._keep = keep
        self._ssh_config = ssh_config
        self._lock = threading.Lock()
        self._fleet: Fleet | None = None
        self._read_at: int | None = None

    def operate(
        self,
        host: str,
        jvm: str,
        operation: str,
        options: Mapping[str, Any],
        timeout_s: float,
        stop: threading.Event,
    ) -> Mapping[str, Any]:
        try:
            return self._ready().operate(host, jvm, operation, options, timeout_s, stop)
        except HostFailed as error:
            raise _told(error) from error

    def heap_dump(
        self,
        host: str,
        jvm: str,
        options: Mapping[str, Any],
        suspect: str,
        timeout_s: float,
        stop: threading.Event,
    ) -> Mapping[str, Any]:
        until = time.monotonic() + timeout_s
        with tempfile.TemporaryDirectory() as folder:  # nobody else can look into it
            path = str(options.get("path") or f"{folder}/heap.hprof")
            try:
                answer = self._ready().heap_dump(host, jvm, path, options, timeout_s, stop=stop)
            except HostFailed as error:
                raise _told(error) from error
            found = dumped.read(path, suspect, until - time.monotonic())
        kept = {"path": answer["path"]} if options.get("path") else {}
        return {**{key: value for key, value in answer.items() if key != "path"}, **kept, **found}

    def collect(
        self, pattern: str, jvms: Sequence[str], mode: str, timeout_s: float, stop: threading.Event
    ) -> Sequence[Mapping[str, Any]]:
        fleet, rows = self._ready(), list[Mapping[str, Any]]()
        asked = fleet.asked(jvms=jvms, mode=mode, timeout_s=timeout_s)
        try:
            for result in fleet.results(pattern, asked, stop):
                rows.append(self._row(result))
        except HostFailed as error:
            raise Stopped(f"{error}; {plural(len(rows), 'host')} had answered", {"hosts": rows}) from error
        for row in rows:
            if row["failed"]:
                self._failed(row)
        return rows

    def command(
        self, host: str, argv: Sequence[str], timeout_s: float, stop: threading.Event
    ) -> Mapping[str, Any]:
        try:
            return self._ready().command(host, argv, timeout_s, stop)
        except HostFailed as error:
            raise _told(error) from error

    def reload(self) -> None:
        """Read the inventory anew with the next step, also where no date says that it changed."""
        with self._lock:
            self._read_at = -1

    def close(self) -> None:
        with self._lock:
            if self._fleet is not None:
                self._fleet.close()
                self._fleet = None

    def _ready(self) -> Fleet:
        with self._lock:
            changed = self._changed()
            if self._fleet is None:
                self._fleet = Fleet(
                    self._inventory(), ssh_config=self._ssh_config, keep=True, agent="workflow"
                )
            elif changed != self._read_at:
                self._fleet.inventory = self._inventory()
            self._read_at = changed
            return self._fleet

    def _changed(self) -> int | None:
        try:
            return self._source.stat().st_mtime_ns if self._source is not None else None
        except OSError as error:
            raise UsageError(f"cannot read the inventory {self._source}: {error.strerror}") from error

    def _inventory(self) -> Inventory:
        return Inventory({}) if self._source is None else inventory.read(str(self._source), marked.read)

    def _row(self, result: HostResult) -> Mapping[str, Any]:
        outcome, why, failed = result.outcome, result.why, result.failed
        try:
            for jvm in result.jvms:
                if jvm.batch is not None and self._keep is not None:
                    self._keep(jvm.batch)
        except HeapwatchError as error:
            outcome, why, failed = "not stored", str(error), True
        return {
            "host": result.host,
            "outcome": outcome,
            "failed": failed,
            "why": why,
            "pause_ms": result.pause_ms,
            "jvms": [
                {
                    "name": jvm.name,
                    "pid": jvm.pid,
                    "outcome": jvm.outcome,
                    "bytes": jvm.bytes,
                    "pause_ms": jvm.pause_ms,
                }
                for jvm in result.jvms
            ],
        }


def _told(error: HostFailed) -> HeapwatchError:
    if error.outcome == STOPPED:
        return Stopped(str(error))
    return TimedOut(str(error)) if error.outcome == TIMED_OUT else error
