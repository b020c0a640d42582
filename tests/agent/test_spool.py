"""What waits on disk survives what happens to agents and disks."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agent.spooling import content

from heapwatch.agent import segments
from heapwatch.agent.spool import Depth, Spool
from heapwatch.errors import UsageError


def fill(spool: Spool, *sequences: int) -> None:
    for sequence in sequences:
        spool.put(sequence, content(sequence))


def drain(spool: Spool, reader: str) -> list[int]:
    taken = []
    while (entry := spool.peek(reader)) is not None:
        assert entry.data == content(entry.sequence)
        taken.append(entry.sequence)
        spool.done(reader, entry.sequence)
    return taken


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """The operating system lets no file of ours grow beyond `size`: a write stops in the middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_each_sink_gets_everything_in_order_at_its_own_pace(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["fast", "dead"])
    fill(spool, 1, 2)
    assert drain(spool, "fast") == [1, 2]
    fill(spool, 3)
    assert drain(spool, "fast") == [3]
    assert spool.depth("dead").entries == 3
    told = spool.block(1000, {"host": "web1"})
    assert (dict(told.labels), list(told.times)) == ({"host": "web1"}, [1000])
    assert list(told.values["heapwatch.spool_batches"]) == [3.0]
    assert list(told.values["heapwatch.spool_bytes"]) == [spool.depth("dead").bytes]
    assert drain(spool, "dead") == [1, 2, 3]
    assert spool.depth("dead") == Depth(0, 0)
    assert [list(column) for column in spool.block(2000, {}).values.values()] == [[0.0], [0.0]]


def test_a_new_process_goes_on_where_the_old_one_stopped(tmp_path: Path) -> None:
    first = Spool(tmp_path, ["a", "b"])
    fill(first, 1, 2, 3)
    first.done("a", 2)
    first.close()
    second = Spool(tmp_path, ["a", "b"])
    assert second.next_sequence(0) == 4
    fill(second, 4)
    assert drain(second, "a") == [3, 4]
    assert drain(second, "b") == [1, 2, 3, 4]


def test_numbers_rise_when_the_clock_goes_back_and_when_all_was_delivered(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["a"])
    fill(spool, spool.next_sequence(1_790_000_000_000))
    assert spool.next_sequence(5) == 1_790_000_000_001
    drain(spool, "a")
    spool.close()
    assert Spool(tmp_path, ["a"]).next_sequence(5) == 1_790_000_000_001


def test_what_was_delivered_does_not_stay_on_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["a"], max_bytes=1 << 20)
    for sequence in range(1, 400):
        fill(spool, sequence)
        spool.done("a", sequence)
    assert spool.disk_bytes == 0
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 100


def test_the_oldest_go_when_the_bound_is_reached_and_are_counted_for_each_sink(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["slow", "dead"], max_bytes=1 << 20)
    fill(spool, *range(1, 51))
    spool.done("slow", 50)
    fill(spool, *range(51, 301))
    assert spool.disk_bytes <= 1 << 20
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= (1 << 20) + 100
    slow, dead = drain(spool, "slow"), drain(spool, "dead")
    assert slow == dead == list(range(301 - len(slow), 301))
    assert spool.dropped("dead") == 300 - len(dead)
    assert spool.dropped("slow") == 250 - len(slow)


def test_a_batch_given_up_is_counted_and_the_next_one_comes(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["a"])
    fill(spool, 1, 2)
    spool.done("a", 1, given_up=True)
    assert drain(spool, "a") == [2]
    assert spool.dropped("a") == 1


def test_without_any_sink_nothing_is_kept(tmp_path: Path) -> None:
    spool = Spool(tmp_path, [])
    fill(spool, 1, 2)
    assert spool.disk_bytes == 0


def test_two_agents_cannot_share_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["a"])
    with pytest.raises(UsageError, match=f"in use by process {os.getpid()}"):
        Spool(tmp_path, ["a"])
    spool.close()
    Spool(tmp_path, ["a"]).close()


def test_a_sink_whose_name_is_a_path_writes_no_file_elsewhere(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", ["../../evil"])
    fill(spool, 1)
    drain(spool, "../../evil")
    assert [path.name for path in tmp_path.iterdir()] == ["spool"]


# -- disks that do not do what they should ------------------------------------------------------------------


def test_a_full_disk_keeps_batches_in_memory_and_counts_its_errors(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["a"])
    fill(spool, 11)
    with room_for(spool.disk_bytes + 1000):
        fill(spool, 12, 13)
        assert spool.error.endswith("File too large")
        assert spool.disk_errors == 2
        assert spool.depth("a").entries == 3
    fill(spool, 14)
    assert spool.error == ""
    spool.close()
    assert drain(Spool(tmp_path, ["a"]), "a") == [11, 12, 13, 14]


def test_memory_is_bounded_too_and_loses_the_oldest(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    spool = Spool(tmp_path / "file" / "spool", ["a"], max_memory=50_000)
    assert "Not a directory" in spool.error
    fill(spool, *range(1, 101))
    taken = drain(spool, "a")
    assert taken == list(range(101 - len(taken), 101))
    assert 0 < len(taken) < 100
    assert spool.dropped("a") == 100 - len(taken)


def test_a_directory_that_can_be_made_later_is_used_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    spool = Spool(tmp_path / "file" / "spool", ["a"])
    fill(spool, 1)
    (tmp_path / "file").unlink()
    fill(spool, 2)
    spool.close()
    assert drain(Spool(tmp_path / "file" / "spool", ["a"]), "a") == [1, 2]


def test_files_deleted_under_a_running_agent_are_a_counted_loss_and_made_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", ["a"])
    fill(spool, 1, 2)
    for path in (tmp_path / "spool").iterdir():
        path.unlink()
    (tmp_path / "spool").rmdir()
    fill(spool, 3)
    assert spool.dropped("a") == 2
    spool.close()
    assert drain(Spool(tmp_path / "spool", ["a"]), "a") == [3]


def test_old_batches_from_the_future_do_not_silence_those_of_now(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", ["a"])
    fill(spool, 900)
    spool.close()
    (tmp_path / "spool").rename(tmp_path / "away")
    (tmp_path / "spool").write_text("in the way")
    later = Spool(tmp_path / "spool", ["a"])
    fill(later, later.next_sequence(100))
    (tmp_path / "spool").unlink()
    (tmp_path / "away").rename(tmp_path / "spool")
    fill(later, 101)
    assert drain(later, "a") == [100, 101]
    assert later.dropped("a") == 1


@given(st.lists(st.integers(0, 300), max_size=6), st.data())
@settings(deadline=None)
def test_a_segment_cut_or_damaged_anywhere_yields_its_whole_frames_before_that(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("s") / "1.log"
    frames = [segments.frame(number, bytes([number]) * size) for number, size in enumerate(sizes, 1)]
    whole = bytearray(b"".join(frames))
    hit = data.draw(st.integers(0, len(whole)))
    if data.draw(st.booleans()) and hit < len(whole):
        whole[hit] ^= data.draw(st.integers(1, 255))
    else:
        del whole[hit:]
    path.write_bytes(whole)
    segment, torn = segments.scan(path)
    ends = [sum(map(len, frames[:count])) for count in range(len(frames) + 1)]
    intact = max(count for count, end in enumerate(ends) if end <= hit)
    assert [place.sequence for place in segment.frames] == list(range(1, intact + 1))
    assert torn == len(whole) - ends[intact]


def test_damage_on_disk_costs_the_damaged_batch_and_is_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["a"])
    fill(spool, 1, 2, 3)
    (log,) = tmp_path.glob("*.log")
    with log.open("r+b") as file:
        file.seek(log.stat().st_size - len(content(3)) - len(content(2)) // 2)
        file.write(b"\0" * 50)
    taken = drain(spool, "a")
    assert len(taken) + spool.dropped("a") == 3
    assert spool.dropped("a") == 1


def test_an_agent_killed_at_any_moment_loses_nothing_that_was_put(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    put: list[int] = []
    delivered: list[int] = []
    for round_ in range(25):
        command = [sys.executable, "-m", "tests.agent.spooling", str(tmp_path), str(round_)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 120)):
            note(process.stdout.readline(), put, delivered)
        process.send_signal(signal.SIGKILL)
        for line in process.stdout:
            note(line, put, delivered)
        assert process.wait() == -signal.SIGKILL
    spool = Spool(tmp_path, ["a", "b"], max_bytes=1 << 30)
    everything = drain(spool, "a")
    assert everything == sorted(set(everything))
    assert set(put) <= set(everything)
    assert len(put) > 500
    to_b = delivered + drain(spool, "b")
    assert to_b == sorted(to_b)  # in order; one may come twice, where the kill fell between word and deed
    assert sorted(set(to_b)) == everything
    assert len(to_b) - len(set(to_b)) <= 25
    assert spool.dropped("a") == spool.dropped("b") == 0


def note(line: str, put: list[int], delivered: list[int]) -> None:
    if line.endswith("\n"):
        kind, number = line.split()
        (put if kind == "p" else delivered).append(int(number))
