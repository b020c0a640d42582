"""Batches into files and pipes."""

from __future__ import annotations

import io
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.ship.batches import batch

from heapwatch.errors import Unavailable, UsageError
from heapwatch.jvm import histogram
from heapwatch.ship.file import FileSink
from heapwatch.ship.records import Records
from heapwatch.ship.stdout import StdoutSink


def test_json_lines_hold_everything_a_batch_holds(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "new" / "heap.jsonl", Records("jsonl"))
    sink.send(batch(7))
    sink.close()
    snapshot, metrics, event = map(json.loads, (tmp_path / "new" / "heap.jsonl").read_text().splitlines())
    assert snapshot == {
        "type": "snapshot", "host": "web1", "jvm": "shop", "pid": 4711, "started": 500, "time": 7000,
        "mode": "all",
        "pause_ms": 8.5, "duration_ms": 12.25, "labels": {"env": "prod"}, "heap": {"old_used": 1000000.0},
        "class": ["byte[]", "shop.Cart$Item"], "instances": [5, 7], "bytes": [96, 168], "rows": [1, 2],
        "modules": {},
    }  # fmt: skip
    assert metrics == {
        "type": "metrics",
        "labels": {"host": "web1"},
        "times": [7000],
        "values": {"jvm.heap.used": [None]},
    }
    assert event == {
        "type": "event",
        "time": 7000,
        "kind": "start",
        "labels": {"host": "web1"},
        "text": "shop started",
    }


def test_the_text_form_is_what_jmap_prints_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "histograms.txt"
    sink = FileSink(path, Records("text"))
    sink.send(batch(1))
    sink.send(batch(2))
    sink.close()
    assert path.read_text().startswith(
        "# heapwatch host=web1 jvm=shop pid=4711 started=500 time=1000 mode=all\n"
    )
    read = [histogram.parse(text) for text in histogram.split(path.read_text())]
    assert read == [batch(1).snapshots[0].histogram, batch(2).snapshots[0].histogram]


def test_the_files_never_grow_beyond_their_bound(tmp_path: Path) -> None:
    path = tmp_path / "heap.jsonl"
    size = len(b"".join(Records("jsonl").write(batch(10))))
    sink = FileSink(path, Records("jsonl"), max_bytes=2 * size, keep=2)
    for sequence in range(10, 20):
        sink.send(batch(sequence))
    sink.close()
    assert sorted(os.listdir(tmp_path)) == ["heap.jsonl", "heap.jsonl.1", "heap.jsonl.2"]
    times = [
        record["time"]
        for name in ("heap.jsonl.2", "heap.jsonl.1", "heap.jsonl")
        for record in map(json.loads, (tmp_path / name).read_text().splitlines())
        if record["type"] == "snapshot"
    ]
    assert times == [second * 1000 for second in range(14, 20)]


def test_a_bound_with_nothing_kept_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "heap.jsonl"
    sink = FileSink(path, Records("jsonl"), max_bytes=1, keep=0)
    sink.send(batch(1))
    sink.send(batch(2))
    sink.close()
    assert os.listdir(tmp_path) == ["heap.jsonl"]
    assert json.loads(path.read_text().splitlines()[0])["time"] == 2000


def test_a_file_moved_away_by_logrotate_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "heap.jsonl"
    sink = FileSink(path, Records("jsonl"))
    sink.send(batch(1))
    path.rename(tmp_path / "old")
    sink.send(batch(2))
    sink.close()
    assert json.loads(path.read_text().splitlines()[0])["time"] == 2000


def test_a_write_that_fails_half_way_leaves_no_half_record_behind(tmp_path: Path) -> None:
    path = tmp_path / "heap.jsonl"
    sink = FileSink(path, Records("jsonl"))
    sink.send(batch(1))
    before = path.read_bytes()
    with room_for(len(before) + 100), pytest.raises(Unavailable, match="File too large"):
        sink.send(batch(2))
    assert path.read_bytes() == before
    sink.send(batch(2))
    sink.close()
    assert path.read_bytes() == before + b"".join(Records("jsonl").write(batch(2)))


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """The operating system lets no file of ours grow beyond `size`: a write stops in the middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_directory_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Is a directory"):
        FileSink(tmp_path, Records("jsonl")).send(batch(1))


def test_a_form_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="no form 'xml'; there are jsonl, text, graphite"):
        Records("xml")


def test_a_pipe_gets_graphite_lines_for_nc() -> None:
    out = io.BytesIO()
    StdoutSink(Records("graphite"), stream=out).send(batch(2))
    assert out.getvalue().splitlines()[0] == b"web1.count.byte[] 5 2"


def test_a_pipe_whose_reader_left_is_unavailable() -> None:
    read, write = os.pipe()
    os.close(read)
    with (
        open(write, "wb", closefd=True, buffering=0) as stream,
        pytest.raises(Unavailable, match="Broken pipe"),
    ):
        StdoutSink(Records("jsonl"), stream=stream).send(batch(1))  # type: ignore[arg-type]
