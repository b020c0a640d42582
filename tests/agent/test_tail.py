"""Real files that are written, rotated and cut off; what is read of them comes once and whole."""

from __future__ import annotations

import io
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from heapwatch.agent import tail
from heapwatch.agent.journal import Journal
from heapwatch.agent.tail import Tails
from heapwatch.agent.tail_settings import TailSettings
from heapwatch.model import LogBlock, Target

NOW = 1_795_377_600_000  # 2026-11-22 20:00 UTC


class Reading:
    """Tails with a clock that the test moves, and a spool that keeps what it is given."""

    def __init__(
        self, folder: Path, *settings: TailSettings, targets: Sequence[Target] = (), **more: Any
    ) -> None:
        self.folder, self.settings, self.more = folder, settings, more
        self.targets = list(targets)
        self.said = io.StringIO()
        self.now = 0.0
        self.sequence = 0
        self.sent: dict[int, list[LogBlock]] = {}
        self.start()

    def start(self) -> None:
        """A new run, as after kill -9."""
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        self.tails = Tails(
            self.settings, state, "web1", {"env": "prod"}, Journal(self.said), look_every_s=0, **self.more
        )
        self.tails.resume(max(self.sent, default=0))

    def poll(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += 1.0
            self.tails.poll(self.now, NOW + int(self.now * 1000), lambda: self.targets)

    def ship(self, lost: bool = False) -> list[str]:
        """A batch; `lost` = killed before the spool has it."""
        self.sequence += 1
        blocks = self.tails.take(self.sequence)
        if not lost:
            self.sent[self.sequence] = blocks
        return [text for block in blocks for text in block.texts]

    def read(self) -> list[str]:
        """What has come by now, with what needed some quiet to be whole."""
        self.poll(3)
        return self.ship()

    @property
    def blocks(self) -> list[LogBlock]:
        return [block for blocks in self.sent.values() for block in blocks]

    @property
    def texts(self) -> list[str]:
        return [text for block in self.blocks for text in block.texts]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    folder.mkdir()
    return folder / "app.log"


def reading(log: Path, **settings: Any) -> Reading:
    """Of this file, from its beginning."""
    more = {"from_beginning": True, **settings}
    return Reading(log.parent.parent, TailSettings(str(more.pop("path", log)), **more))


def write(path: Path, *lines: str, end: str = "\n") -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines[:-1]) + lines[-1] + end)


def numbered(numbers: Iterable[int]) -> list[str]:
    return [f"line {number}" for number in numbers]


def test_lines_come_as_they_are_written_with_the_labels_of_their_file(log: Path) -> None:
    write(log, "2026-11-22 10:00:00,123 first", "second")
    it = reading(log, jvm="shop", category="app", labels={"tier": "front"})
    assert it.read() == ["2026-11-22 10:00:00,123 first", "second"]
    (block,) = it.blocks
    assert block.labels == {
        "host": "web1",
        "env": "prod",
        "tier": "front",
        "jvm": "shop",
        "_sourceCategory": "app",
        "_sourceName": str(log),
    }
    assert block.times[0] == block.times[1]
    write(log, "third")
    assert it.read() == ["third"]
    assert it.read() == []


def test_a_file_that_was_there_is_read_from_its_end_and_one_that_comes_later_from_its_beginning(
    log: Path,
) -> None:
    write(log, "old")
    it = reading(log, from_beginning=False, path=log.with_name("*.log"))
    assert it.read() == []
    write(log, "new")
    write(log.with_name("other.log"), "from the start")
    assert sorted(it.read()) == ["from the start", "new"]


def test_a_line_without_its_end_waits_for_it(log: Path) -> None:
    it = reading(log)
    write(log, "one", "two is not who", end="")
    assert it.read() == ["one"]
    write(log, "le")
    assert it.read() == ["two is not whole"]


def test_a_stack_trace_is_one_message_also_when_it_is_written_in_pieces(log: Path) -> None:
    it = reading(log)
    write(log, "2026-11-22 10:00:00 ERROR no", "java.io.IOException: x", "\tat A.b(A.java:1)")
    it.poll()
    write(log, "\tat C.d(C.java:2)", "2026-11-22 10:00:01 INFO next")
    assert it.read() == [
        "2026-11-22 10:00:00 ERROR no\njava.io.IOException: x\n\tat A.b(A.java:1)\n\tat C.d(C.java:2)",
        "2026-11-22 10:00:01 INFO next",
    ]


def test_a_pattern_of_first_lines_is_heeded(log: Path) -> None:
    write(log, "# 1", "free", "# 2")
    assert reading(log, first_line=re.compile("^#")).read() == ["# 1\nfree", "# 2"]


def test_rotation_by_renaming_loses_and_doubles_nothing(log: Path) -> None:
    it = reading(log)
    expected = []
    for generation in range(5):
        lines = numbered(range(generation * 10, generation * 10 + 10))
        write(log, *lines[:5])
        it.poll()
        write(log, *lines[5:])  # not read when it is renamed
        os.replace(log, log.with_name(f"app.log.{generation}"))
        expected += lines
    write(log, "last")
    it.read()
    assert it.texts == [*expected, "last"]


def test_a_renamed_file_is_read_until_nobody_writes_to_it(log: Path) -> None:
    it = reading(log)
    write(log, "one")
    it.poll()
    with log.open("a") as writer:
        os.replace(log, log.with_name("app.log.1"))
        write(log, "new one")
        it.poll()
        writer.write("written after it was renamed\nand its end")
    it.poll(40)
    assert sorted(it.ship()) == ["and its end", "new one", "one", "written after it was renamed"]
    assert len(it.tails) == 1


def test_names_of_rotated_files_that_fit_the_pattern_are_not_read_again(log: Path) -> None:
    it = reading(log, path=log.with_name("app.log*"))
    write(log, "one")
    it.poll()
    os.replace(log, log.with_name("app.log.1"))
    write(log, "two")
    it.poll()
    os.replace(log.with_name("app.log.1"), log.with_name("app.log.2"))
    os.replace(log, log.with_name("app.log.1"))
    write(log, "three")
    assert it.read() == ["one", "two", "three"]


def test_rotation_by_copying_and_truncating_loses_nothing_that_the_copy_has(log: Path) -> None:
    it = reading(log)
    write(log, "the same first line of every generation that is long enough to be told from others", "read")
    it.poll()
    write(log, "only the copy has it")
    shutil.copy(log, log.with_name("app.log.1"))
    os.truncate(log, 0)
    write(log, "after")
    assert it.read()[1:] == ["read", "only the copy has it", "after"]


def test_a_file_that_is_overwritten_with_more_than_it_had_is_read_anew(log: Path) -> None:
    it = reading(log)
    write(log, "old")
    it.read()
    log.write_text("a whole new beginning\nand more\n")
    assert it.read() == ["a whole new beginning", "and more"]


def test_a_deleted_file_is_let_go_and_its_successor_read(log: Path) -> None:
    it = reading(log)
    write(log, "one")
    it.poll()
    log.unlink()
    it.poll(40)
    assert len(it.tails) == 0
    write(log, "two")
    assert it.read() == ["one", "two"]


@pytest.mark.parametrize("lost", [False, True])
def test_after_a_kill_the_places_are_those_of_the_spools_newest_batch(log: Path, lost: bool) -> None:
    it = reading(log)
    write(log, *numbered(range(10)))
    it.read()
    write(log, *numbered(range(10, 20)), "begun", "  goes on")
    it.poll()
    it.ship(lost)  # killed between writing the places and the spool, or behind both
    it.start()
    write(log, "  and on", *numbered(range(20, 30)))
    it.read()
    assert it.texts == [*numbered(range(20)), "begun\n  goes on\n  and on", *numbered(range(20, 30))]


def test_what_was_read_but_not_shipped_is_read_again_after_a_kill(log: Path) -> None:
    it = reading(log)
    write(log, "one")
    it.read()
    write(log, "two")
    it.poll(3)
    it.start()
    assert it.read() == ["two"]
    assert it.texts == ["one", "two"]


def test_files_rotated_while_the_agent_was_down_are_read_to_their_end(log: Path) -> None:
    it = reading(log)
    write(log, "one")
    it.read()
    write(log, "two")
    os.replace(log, log.with_name("app.log.1"))
    write(log, "three")
    it.start()
    assert sorted(it.read()) == ["three", "two"]


@pytest.mark.parametrize("killed", [False, True])
def test_files_that_came_and_were_renamed_unseen_are_read_too(log: Path, killed: bool) -> None:
    it = reading(log, path=log)
    write(log, "one")
    it.now = time.time() - NOW / 1000 - 10  # the times of files are those of the real clock
    it.read()
    write(log.with_name("app.log.backup.gz"), "packed")
    write(log.with_name("application.log"), "another's")
    for generation in ("two", "three", "four"):
        os.replace(log, log.with_name(f"app.log.{generation}"))
        write(log, generation)
    if killed:
        it.start()
    it.read()
    assert sorted(it.texts) == ["four", "one", "three", "two"]


def test_a_file_truncated_while_the_agent_was_down_is_read_from_its_copy_and_anew(log: Path) -> None:
    it = reading(log)
    write(log, "the first line of this generation, long enough to be told from others of its kind", "one")
    it.read()
    write(log, "two")
    shutil.copy(log, log.with_name("app.log.1"))
    os.truncate(log, 0)
    write(log, "three")
    it.start()
    assert it.read() == ["two", "three"]


def test_a_file_that_appeared_while_the_agent_was_down_is_read_from_its_beginning(log: Path) -> None:
    it = reading(log, from_beginning=False, path=log.with_name("*.log"))
    write(log, "old")
    it.read()
    write(log, "new")
    it.read()
    write(log.with_name("other.log"), "of the meantime")
    it.start()
    assert it.read() == ["of the meantime"]


def test_a_state_that_cannot_be_read_is_told_and_the_files_begin_at_their_end(log: Path) -> None:
    it = reading(log, from_beginning=False)
    write(log, "one")
    it.read()
    (it.folder / "state" / tail.NAME).write_text("{")
    it.start()
    assert "not readable" in it.said.getvalue()
    assert it.read() == []
    write(log, "two")
    assert it.read() == ["two"]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("latin-1", b""), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"), ("utf-8", b"\xef\xbb\xbf")],
)
def test_files_have_their_encodings(log: Path, encoding: str, mark: bytes) -> None:
    log.write_bytes(mark + "naïve\r\ncafé ☃"[: None if "utf" in encoding else 11].encode(encoding))
    it = reading(log, encoding="utf-8" if mark else encoding)
    it.poll()
    with log.open("ab") as file:
        file.write("!\n".encode(encoding))
    assert it.read() == ["naïve", "café ☃!" if "utf" in encoding else "café!"]


def test_bytes_that_are_no_text_are_replaced(log: Path) -> None:
    log.write_bytes(b"caf\xe9\n\xff\x00\n")
    assert it_reads(log) == ["caf\ufffd", "\ufffd"]


def it_reads(log: Path) -> list[str]:
    return reading(log).read()


def test_json_lines_have_their_time_and_level(log: Path) -> None:
    write(
        log,
        '{"log":"sold\\n","stream":"stdout","time":"2026-11-22T10:00:00.5Z"}',
        '{"level":"warn","msg":"x"}',
        "{",
    )
    it = reading(log)
    assert it.read() == ["sold", "x", "{"]
    assert it.blocks[0].times[0] == NOW - 36_000_000 + 500
    assert it.blocks[0].levels == ["", "warn", ""]


def test_a_line_without_a_time_has_that_of_the_one_before_it_or_of_its_arrival(log: Path) -> None:
    it = reading(log)
    write(log, "2026-11-22T10:00:00Z dated", "undated")
    it.read()
    it.now += 60
    write(log, "later")
    it.poll(2)
    it.ship()
    first, second = it.blocks
    assert list(first.times) == [NOW - 36_000_000] * 2
    assert NOW < second.times[0] <= NOW + it.now * 1000


def test_a_time_in_the_future_is_of_another_zone_and_not_believed(log: Path) -> None:
    write(log, "2026-11-22T22:00:00Z two hours ahead", "2026-11-22T20:00:30Z a little ahead")
    it = reading(log)
    it.read()
    ahead, little = it.blocks[0].times
    assert NOW < ahead < NOW + 10_000
    assert little == NOW + 30_000


def test_a_writer_that_is_too_fast_is_followed_from_later_on_and_what_is_left_out_is_counted(
    log: Path,
) -> None:
    it = reading(log, rate=10_000, lag=100_000)
    lines = [f"{number:08} {'x' * 90}" for number in range(20_000)]
    write(log, *lines)
    it.poll()
    texts = it.ship()
    assert texts
    assert set(texts) <= set(lines)
    skipped = it.tails.skipped_bytes
    assert skipped >= 1_800_000
    assert lines.index(texts[0]) * 100 == skipped
    assert "left out" in it.said.getvalue()


def test_a_slow_rate_delays_and_loses_nothing(log: Path) -> None:
    it = reading(log, rate=2000)
    lines = numbered(range(5000))
    write(log, *lines)
    polls = 0
    while len(it.texts) < len(lines) and polls < 1000:
        it.poll(10)
        it.ship()
        polls += 10
    assert it.texts == lines
    assert polls >= 20


def test_messages_wait_in_bounded_memory_for_their_batch(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MOST_HELD", 10_000)
    lines = numbered(range(10_000))
    write(log, *lines)
    it = reading(log)
    it.poll(5)
    assert it.tails.full
    assert sum(map(len, it.ship())) < 20_000
    assert not it.tails.full
    for _ in range(20):
        it.read()
    assert it.texts == lines


def test_a_file_that_may_not_be_read_is_told_once_and_read_when_it_may(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = reading(log)
    os.symlink(log, loop := log.with_name("loop.log"))
    log.symlink_to(loop)
    it.settings = (*it.settings, TailSettings(str(log.parent), from_beginning=True))
    it.start()
    it.poll(5)
    assert it.said.getvalue().count("Is a directory") <= 1
    log.unlink()
    loop.unlink()
    write(log, "now")
    assert it.read() == ["now"]


def test_without_anything_to_read_nothing_is_due(tmp_path: Path) -> None:
    assert Reading(tmp_path).tails.next() == float("inf")


def test_what_did_not_change_is_not_read(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(log, "one")
    it = reading(log)
    it.read()
    monkeypatch.setattr(os, "pread", None)
    it.poll(20)
    assert it.ship() == []


def target(pid: int, started: int) -> Target:
    return Target(pid, pid, 1, started, "shop", 0, 0, "root", "hotspot")


def test_messages_of_a_watched_jvm_name_its_process_and_the_next_one_after_a_restart(log: Path) -> None:
    it = reading(log, jvm="shop")
    it.targets = [target(7, NOW - 10_000)]
    write(log, "one")
    it.read()
    it.targets = [target(8, NOW)]
    write(log, "two")
    it.read()
    it.targets.append(target(9, NOW))  # which of the two?
    write(log, "three")
    it.read()
    told = [(block.labels["jvm"], block.labels.get("pid"), block.texts) for block in it.blocks]
    assert told == [("shop", "7", ["one"]), ("shop", "8", ["two"]), ("shop", None, ["three"])]
