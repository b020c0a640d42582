"""Histogram files of every kind, read into what the store takes."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.cli import importing
from heapwatch.cli.archives import Inputs
from heapwatch.cli.importing import Reader, Rules, texts
from heapwatch.cli.main import run
from heapwatch.cli.naming import Naming, Pattern, guess, moment
from heapwatch.errors import UsageError
from heapwatch.jvm.histogram import parse
from heapwatch.model import Batch, Snapshot

JMAP = """ num     #instances         #bytes  class name (module)
-------------------------------------------------------
   1:             3            300  [B (java.base@17.0.15)
   2:             2             48  com.shop.Cart
Total             5            348
"""
OTHER = JMAP.replace("300", "400").replace("348", "448")
AT = 1_795_341_600_000  # 2026-11-22T10:00:00Z


def read(*paths: Path, **rules: object) -> tuple[list[Snapshot], Reader]:
    reader = Reader(Rules(**rules))  # type: ignore[arg-type]
    batches = list(reader.batches(Inputs([str(path) for path in paths])))
    return [snapshot for batch in batches for snapshot in batch.snapshots], reader


def names(batches: list[Batch]) -> list[str]:
    return [batch.agent for batch in batches]


def test_a_jmap_file_takes_its_time_from_its_date(tmp_path: Path) -> None:
    path = tmp_path / "shop.txt"
    path.write_text(JMAP)
    os.utime(path, (AT / 1000, AT / 1000))
    (snapshot,), reader = read(path)
    assert (snapshot.time, snapshot.jvm.jvm, snapshot.mode) == (AT, "shop", "all")
    assert snapshot.histogram.classes == ["byte[]", "com.shop.Cart"]
    assert (reader.counts.files, reader.counts.rows, reader.counts.bad) == (1, 2, [])


def test_a_log_of_jcmd_in_a_loop_gives_every_histogram_with_its_own_time_and_pid(tmp_path: Path) -> None:
    path = tmp_path / "loop.log"
    path.write_text(
        f"Sun Nov 22 10:00:00 UTC 2026\n4711:\n{JMAP}\n2026-11-22T10:00:10Z\n4712:\n{OTHER}\n"
        f"1795341620\n4713:\n{JMAP}"
    )
    snapshots, _ = read(path)
    assert [(s.time - AT, s.jvm.pid) for s in snapshots] == [(0, 4711), (10_000, 4712), (20_000, 4713)]


def test_several_histograms_without_times_need_to_be_told_how_far_apart_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(JMAP + OTHER)
    snapshots, reader = read(path)
    assert snapshots == []
    assert "--every 10s" in reader.counts.bad[0].reason
    snapshots, _ = read(path, every=10.0, given=Naming(time=AT))
    assert [s.time for s in snapshots] == [AT, AT + 10_000]


def test_a_histogram_that_was_cut_is_listed_and_its_neighbours_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    cut = JMAP[: JMAP.index("Total")]
    path.write_text(f"2026-11-22T10:00:00Z\n{JMAP}2026-11-22T10:00:10Z\n{cut}2026-11-22T10:00:20Z\n{OTHER}")
    snapshots, reader = read(path)
    assert [s.time - AT for s in snapshots] == [0, 20_000]
    assert [bad.name for bad in reader.counts.bad] == [f"{path}, histogram 2"]


@pytest.mark.parametrize("kind", ["gz", "xz", "tar", "tar.gz", "tar.xz", "zip", "gz-in-tar", "folder"])
def test_archives_of_every_kind_give_the_same(tmp_path: Path, kind: str) -> None:
    (snapshot,), reader = read(packed(tmp_path, kind), pattern=Pattern("{jvm}-{pid}-{time}.txt", utc=True))
    assert (snapshot.jvm.jvm, snapshot.jvm.pid, snapshot.time) == ("shop", 4711, AT)
    assert reader.counts.bad == []


def packed(folder: Path, kind: str) -> Path:
    name = "shop-4711-20261122T100000Z.txt"
    target = folder / f"{name}.{kind}" if kind in ("gz", "xz") else folder / "some.archive"
    if kind == "gz":
        target.write_bytes(gzip.compress(JMAP.encode()))
    elif kind == "xz":
        target.write_bytes(lzma.compress(JMAP.encode()))
    elif kind == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"dir/{name}", JMAP)
    elif kind == "folder":
        (folder / "a/b").mkdir(parents=True)
        (folder / "a/b" / name).write_text(JMAP)
        return folder
    else:
        inside, data = name, JMAP.encode()
        if kind == "gz-in-tar":
            inside, data = f"{name}.gz", gzip.compress(data)
        mode = {"tar.gz": "w:gz", "tar.xz": "w:xz"}.get(kind, "w")
        with tarfile.open(target, mode) as archive:  # type: ignore[call-overload]
            member = tarfile.TarInfo(f"dir/{inside}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return target


def test_a_damaged_archive_is_one_bad_file_among_good_ones(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(JMAP)
    whole = gzip.compress(JMAP.encode() * 1000)
    (tmp_path / "b.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "d.txt").write_text(OTHER)
    snapshots, reader = read(tmp_path)
    assert len(snapshots) == 2
    assert [Path(bad.name).name for bad in reader.counts.bad] == ["b.gz", "c.zip"]


def test_a_bomb_is_given_up_and_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LONGEST", 1 << 20)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(8 << 20)))
    _, reader = read(tmp_path)
    assert "without the end of a histogram" in reader.counts.bad[0].reason


def test_files_without_a_histogram_are_counted_not_complained_about(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("hello\n")
    (tmp_path / "empty").write_text("")
    _, reader = read(tmp_path)
    assert (reader.counts.ignored, reader.counts.bad) == (2, [])


def test_the_same_histogram_has_the_same_name_wherever_it_lies(tmp_path: Path) -> None:
    given_ = Naming("h", "shop", 1, None, AT)
    for name, text in {"a/x.txt": JMAP, "b/y.txt": JMAP, "c/z.txt": OTHER}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    reader = Reader(Rules(given_))
    a, b, c = names(list(reader.batches(Inputs([str(tmp_path)]))))
    assert a == b != c
    later = Reader(Rules(Naming("h", "shop", 1, None, AT + 1)))
    assert names(list(later.batches(Inputs([str(tmp_path / "a")])))) != [a]


def test_a_growing_log_adds_only_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(f"2026-11-22T10:00:00Z\n{JMAP}")
    first = names(list(Reader(Rules()).batches(Inputs([str(path)]))))
    with path.open("a") as log:
        log.write(f"2026-11-22T10:00:10Z\n{OTHER}")
    assert names(list(Reader(Rules()).batches(Inputs([str(path)]))))[:1] == first


@given(st.lists(st.sampled_from([JMAP, OTHER, "junk\n", "\n", "4711:\n"]), max_size=12), st.integers(20, 400))
def test_a_long_file_read_in_pieces_is_the_same_as_read_at_once(parts: list[str], piece: int) -> None:
    data = "".join(parts).encode()
    whole = [parse(text) for text in texts(io.BytesIO(data))]
    assert len(whole) == sum(part in (JMAP, OTHER) for part in parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "PIECE", piece)
        assert [parse(text) for text in texts(io.BytesIO(data))] == whole


def test_a_file_written_by_powershell_is_read(tmp_path: Path) -> None:
    (tmp_path / "shop.txt").write_bytes(JMAP.encode("utf-16"))
    snapshots, _ = read(tmp_path)
    assert len(snapshots) == 1


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("shop-2026-11-22T10:00:00Z.txt", AT),
        ("shop_20261122-100000", AT),
        ("2026.11.22_10.00.00", AT),
        ("20261122100000", AT),
        ("2026-11-22 11:00:00,250 +0100", AT + 250),
        ("1795341600", AT),
        ("1795341600123.txt", AT + 123),
        ("Sun Nov 22 10:00:00 UTC 2026", AT),
        ("4711", None),
        ("20261399-100000", None),
        ("v1.2.3", None),
    ],
)
def test_a_time_is_recognised_in_every_usual_form(text: str, at: int | None) -> None:
    assert moment(text, utc=True) == at


@pytest.mark.parametrize(
    ("path", "jvm", "pid", "mode"),
    [
        ("dumps/shop-4711-20261122T100000Z.txt", "shop", 4711, None),
        ("dumps/histo_pid4711_1795341600.txt.gz", "dumps", 4711, None),
        ("memleak1.histo", "memleak1", None, None),
        ("shop-live-20261122-100000.log", "shop", None, "live"),
        ("order-service-2-pid77.txt", "order-service-2", 77, None),
    ],
)
def test_without_a_pattern_the_name_is_what_is_left(
    path: str, jvm: str, pid: int | None, mode: str | None
) -> None:
    found = guess(path, utc=True)
    assert (found.jvm, found.pid, found.mode) == (jvm, pid, mode)


def test_a_pattern_reads_the_end_of_a_path_and_makes_labels() -> None:
    pattern = Pattern("{env}/{host}/{jvm}-{pid}-{time}.txt", utc=True)
    found = pattern.read("/var/log/prod/memleak1/shop-a-4711-1795341600.txt.gz")
    assert (found.host, found.jvm, found.pid, found.time) == ("memleak1", "shop-a", 4711, AT)
    assert found.labels == {"env": "prod"}


@pytest.mark.parametrize("pattern", ["x.txt", "{host}/{host}", "{host", "{}-{jvm}"])
def test_a_pattern_that_cannot_work_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        Pattern(pattern, utc=True)


def test_a_path_that_does_not_fit_is_bad_rather_than_guessed(tmp_path: Path) -> None:
    (tmp_path / "odd.txt").write_text(JMAP)
    _, reader = read(tmp_path, pattern=Pattern("{host}/{jvm}-{pid}.txt", utc=True))
    assert "does not fit the pattern" in reader.counts.bad[0].reason


def test_a_dry_run_shows_what_would_be_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop-4711-20261122T100000Z.txt").write_text(JMAP)
    (tmp_path / "cut.txt").write_text(JMAP[:-40])
    assert run(["import", str(tmp_path), "--host", "h1", "--dry-run", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == [
        {
            "time": AT,
            "host": "h1",
            "jvm": "shop",
            "pid": 4711,
            "mode": "all",
            "classes": 2,
            "instances": 5,
            "bytes": 348,
        }
    ]
    assert err.startswith("bad: ")
    assert "cut.txt" in err
