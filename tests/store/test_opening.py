"""Opening, sharing and closing a store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from makers import NOW, batch, jvm, snapshot

from heapwatch.errors import Unavailable, UsageError
from heapwatch.store import Settings, open_store
from heapwatch.store.errors import StoreLocked, StoreTooNew
from heapwatch.store.lock import NAME as LOCK
from heapwatch.store.marker import NAME as MARKER

pytestmark = pytest.mark.store

QUICK = Settings(readers=1, fsync=False, min_free_disk_bytes=0)


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python process of its own."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parent)


def test_a_second_process_is_told_who_has_the_directory(tmp_path: Path) -> None:
    with open_store(tmp_path, QUICK):
        second = run(
            "import sys; from heapwatch.store import open_store; open_store(sys.argv[1])", str(tmp_path)
        )
    last = second.stderr.strip().splitlines()[-1]
    assert "StoreLocked" in last
    assert f"process {os.getpid()} on " in last
    assert "stop it, or ask it over HTTP" in last


def test_opening_twice_in_one_process_is_refused_too(tmp_path: Path) -> None:
    with open_store(tmp_path, QUICK), pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        open_store(tmp_path, QUICK)


def test_another_directory_beside_the_first_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with open_store(tmp_path / "one", QUICK), pytest.raises(UsageError, match="one directory at a time"):
        open_store(tmp_path / "two", QUICK)
    with open_store(tmp_path / "two", QUICK) as store:
        assert store.jvms() == {"jvms": []}


def test_the_lock_of_a_process_that_died_is_taken_over(tmp_path: Path) -> None:
    holder = {"pid": 1, "host": "gone", "since": "2026-01-01T00:00:00Z", "command": "heapwatch serve"}
    (tmp_path / LOCK).write_text(json.dumps(holder))
    with open_store(tmp_path, QUICK):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


def test_what_was_stored_is_there_after_opening_again(tmp_path: Path) -> None:
    who = jvm("again")
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        store.insert([batch(snapshot(who, NOW - 1000, {"com.shop.Order": (3, 72)}, labels={"env": "prod"}))])
        before = store.snapshot(host="again"), store.jvms(), store.fleet(from_=NOW - 60_000, to=NOW)
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        after = store.snapshot(host="again"), store.jvms(), store.fleet(from_=NOW - 60_000, to=NOW)
    assert after == before


def test_a_closed_store_says_so_and_closes_again(tmp_path: Path) -> None:
    store = open_store(tmp_path, QUICK)
    store.close()
    store.close()
    for question in (store.jvms, store.status, store.rollup, lambda: store.insert([])):
        with pytest.raises(Unavailable, match="closed"):
            question()


ENDINGS = {
    "falls off its end": ("", 0),
    "exits": ("sys.exit(3)", 3),
    "raises": ("raise ValueError", 1),
    "is interrupted": ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_process_that_does_not_close_its_store_ends_cleanly_all_the_same(
    tmp_path: Path, ending: str
) -> None:
    statement, code = ENDINGS[ending]
    ended = run(
        "import os, signal, sys, threading\n"
        "from heapwatch.store import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n" + statement,
        str(tmp_path),
    )
    assert ended.returncode == code, ended.stderr


def test_a_forked_child_gets_an_error_and_does_not_hang(tmp_path: Path) -> None:
    ended = run(
        "import os, sys\n"
        "from heapwatch.store import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    try: store.status()\n"
        "    except Exception as error: print(error, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n",
        str(tmp_path),
    )
    assert "forked" in ended.stdout


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the store's directory"):
        open_store(tmp_path / "file" / "store")


def test_a_clickhouse_server_that_is_not_there_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        open_store("http://watcher:s%C3%A9cret@127.0.0.1:9", QUICK, state=tmp_path)
    assert "ClickHouse at http://127.0.0.1:9" in str(refused.value)
    assert "cret" not in str(refused.value)
    with pytest.raises(UsageError, match="directory of its own"):
        open_store("http://127.0.0.1:9", QUICK)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"engine": "99.1.1.1", "schema": 1}, "was written by engine 99.1.1.1"),
        ({"engine": "25.8.1.1", "schema": 999}, "has schema 999"),
    ],
)
def test_what_a_newer_version_wrote_is_not_touched(
    tmp_path: Path, written: dict[str, object], sentence: str
) -> None:
    (tmp_path / MARKER).write_text(json.dumps({**written, "heapwatch": "9.0"}))
    with pytest.raises(StoreTooNew, match=sentence):
        open_store(tmp_path, QUICK)
    assert not (tmp_path / "columns").exists()
    (tmp_path / MARKER).unlink()
    open_store(tmp_path, QUICK).close()
