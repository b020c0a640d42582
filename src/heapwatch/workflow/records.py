"""Runs, their steps and approvals, in SQLite: what is shown, and what a run knows of itself after a crash.

An attempt is written down before it begins. Where one stands as `running` and nobody runs it, nobody knows
what came of it, and it is said so.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heapwatch.errors import Refused, Unavailable

QUEUED, RUNNING, WAITING = "queued", "running", "waiting_approval"
DELAYED = "delayed"
SUCCEEDED, FAILED, TIMED_OUT = "succeeded", "failed", "timed_out"
CANCELLED, DENIED, EXPIRED, SKIPPED = "cancelled", "denied", "expired", "skipped"
ENDS = (SUCCEEDED, FAILED, TIMED_OUT, CANCELLED, DENIED, EXPIRED, SKIPPED)
UNKNOWN = "unknown"
"""Of an attempt only: it was interrupted."""
_JSON = ("definition", "labels", "trigger", "parameters", "output", "users")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, workflow TEXT NOT NULL, definition TEXT NOT NULL,
    labels TEXT NOT NULL, trigger TEXT NOT NULL, state TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER,
    text TEXT NOT NULL DEFAULT '', stopped_by TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (began);
CREATE TABLE IF NOT EXISTS heard (workflow TEXT NOT NULL, key TEXT NOT NULL, time INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS heard_by_key ON heard (workflow, key);
CREATE TABLE IF NOT EXISTS attempts (run TEXT, step TEXT, attempt INTEGER, state TEXT NOT NULL,
    parameters TEXT NOT NULL, description TEXT NOT NULL, output TEXT NOT NULL DEFAULT '{}',
    error TEXT NOT NULL DEFAULT '', began INTEGER NOT NULL, ended INTEGER, PRIMARY KEY (run, step, attempt));
CREATE TABLE IF NOT EXISTS approvals (run TEXT, step TEXT, state TEXT NOT NULL, users TEXT NOT NULL,
    text TEXT NOT NULL, asked INTEGER NOT NULL, expires INTEGER NOT NULL, who TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run, step));
"""


class Over(Refused):
    """What was to be answered or stopped has ended."""


class NotAsked(Refused):
    """Somebody else was asked."""


class Records:
    """Safe to use from any thread."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            path.chmod(0o600)
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"the runs of workflows cannot be read: {path}: {error}") from error

    def close(self) -> None:
        self._db.close()

    def now(self) -> int:
        return int(self._clock() * 1000)

    def add(
        self,
        run: str,
        definition: Mapping[str, Any],
        labels: Mapping[str, str],
        trigger: Mapping[str, Any],
        state: str = QUEUED,
        text: str = "",
    ) -> None:
        now = self.now()
        self._do(
            "INSERT OR IGNORE INTO runs (id, workflow, definition, labels, trigger, state, began, ended,"
            " text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            run, definition["workflow"], json.dumps(definition), json.dumps(labels), json.dumps(trigger),
            state, now, now if state in ENDS else None, text,
        )  # fmt: skip

    def run(self, run: str) -> dict[str, Any] | None:
        return next(iter(self._ask("SELECT * FROM runs WHERE id = ?", run)), None)

    def runs(self, limit: int = 100, workflow: str = "", state: str = "") -> list[dict[str, Any]]:
        """The newest first."""
        sql = "SELECT * FROM runs WHERE (workflow = ? OR ? = '') AND (state = ? OR ? = '')"
        return self._ask(
            f"{sql} ORDER BY began DESC, rowid DESC LIMIT ?", workflow, workflow, state, state, limit
        )

    def open_runs(self) -> list[dict[str, Any]]:
        marks = ", ".join("?" * len(ENDS))
        return self._ask(f"SELECT * FROM runs WHERE state NOT IN ({marks}) ORDER BY began, id", *ENDS)

    def lately(self, workflow: str, since: int) -> list[dict[str, Any]]:
        return self._ask("SELECT * FROM runs WHERE workflow = ? AND began > ?", workflow, since)

    def old(self, before: int, most: int, since: int, limit: int = 500) -> list[str]:
        """Ended runs that began before a time, or are not among the `most` newest (0: any number may be).

        Never one that began after `since`, nor the newest of its workflow. Times are epoch ms.
        """
        sql = (
            "SELECT id FROM runs WHERE ended IS NOT NULL AND began <= ?"
            " AND (began < ?"
            " OR rowid <= (SELECT rowid FROM runs WHERE ? ORDER BY rowid DESC LIMIT 1 OFFSET ?))"
            " AND rowid NOT IN (SELECT MAX(rowid) FROM runs GROUP BY workflow) ORDER BY rowid LIMIT ?"
        )
        return [row["id"] for row in self._ask(sql, since, before, most > 0, most, limit)]

    def drop(self, runs: Sequence[str]) -> None:
        """Delete runs with all that is known of them."""
        marks = ", ".join("?" * len(runs))
        for table, column in (("approvals", "run"), ("attempts", "run"), ("runs", "id")):
            self._do(f"DELETE FROM {table} WHERE {column} IN ({marks})", *runs)

    def heard(self, workflow: str, key: str, now: int, within: int) -> list[int]:
        """Keep a trigger; the times of all that are not older, this one among them."""
        self._do("DELETE FROM heard WHERE workflow = ? AND time <= ?", workflow, now - within)
        self._do("INSERT INTO heard (workflow, key, time) VALUES (?, ?, ?)", workflow, key, now)
        rows = self._ask("SELECT time FROM heard WHERE workflow = ? AND key = ?", workflow, key)
        return [row["time"] for row in rows]

    def forget(self, workflow: str, key: str) -> None:
        """Count triggers anew."""
        self._do("DELETE FROM heard WHERE workflow = ? AND key = ?", workflow, key)

    def state(self, run: str, state: str, text: str = "") -> None:
        """A run that has ended stays as it ended."""
        ended = self.now() if state in ENDS else None
        self._do(
            "UPDATE runs SET state = ?, text = ?, ended = ? WHERE id = ? AND ended IS NULL",
            state, text, ended, run,
        )  # fmt: skip

    def stop(self, run: str, who: str) -> bool:
        return self._do("UPDATE runs SET stopped_by = ? WHERE id = ? AND ended IS NULL", who, run) > 0

    def attempts(self, run: str) -> list[dict[str, Any]]:
        return self._ask("SELECT * FROM attempts WHERE run = ? ORDER BY began, rowid", run)

    def intend(
        self, run: str, step: str, attempt: int, parameters: object, description: str, state: str = RUNNING
    ) -> dict[str, Any] | None:
        """Write down what is about to be done; the record of it where that was done before."""
        key = run, step, attempt
        new = self._do(
            "INSERT OR IGNORE INTO attempts (run, step, attempt, state, parameters, description, began,"
            " ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *key, state, json.dumps(parameters), description, self.now(),
            None if state == RUNNING else self.now(),
        )  # fmt: skip
        sql = "SELECT * FROM attempts WHERE run = ? AND step = ? AND attempt = ?"
        return None if new else self._ask(sql, *key)[0]

    def done(
        self, run: str, step: str, attempt: int, state: str, output: Mapping[str, Any], error: str
    ) -> None:
        self._do(
            "UPDATE attempts SET state = ?, output = ?, error = ?, ended = ?"
            " WHERE run = ? AND step = ? AND attempt = ?",
            state, json.dumps(output), error, self.now(), run, step, attempt,
        )  # fmt: skip

    def ask(self, run: str, step: str, users: list[str], text: str, expires: int) -> None:
        self._do(
            "INSERT OR IGNORE INTO approvals (run, step, state, users, text, asked, expires)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            run, step, "waiting", json.dumps(users), text, self.now(), expires,
        )  # fmt: skip

    def approval(self, run: str, step: str) -> dict[str, Any] | None:
        sql = "SELECT * FROM approvals WHERE run = ? AND step = ?"
        return next(iter(self._ask(sql, run, step)), None)

    def approvals(self, run: str) -> list[dict[str, Any]]:
        return self._ask("SELECT * FROM approvals WHERE run = ? ORDER BY asked, rowid", run)

    def waiting(self) -> list[dict[str, Any]]:
        return self._ask("SELECT * FROM approvals WHERE state = 'waiting' ORDER BY expires")

    def answer(self, run: str, step: str, state: str, who: str) -> bool:
        """The first answer counts; one that comes too late does not. `expired` is the clock's own."""
        late = "" if state == EXPIRED else " AND expires > ?"
        sql = (
            f"UPDATE approvals SET state = ?, who = ? WHERE run = ? AND step = ? AND state = 'waiting'{late}"
        )
        return self._do(sql, state, who, run, step, *([self.now()] if late else [])) > 0

    def _do(self, sql: str, *values: Any) -> int:
        with self._errors():
            return self._db.execute(sql, values).rowcount

    def _ask(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self._errors():
            rows = [dict(row) for row in self._db.execute(sql, values)]
        for row in rows:
            row.update((name, json.loads(row[name])) for name in _JSON if name in row)
        return rows

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise Unavailable(f"the runs of workflows cannot be written: {error}") from error
