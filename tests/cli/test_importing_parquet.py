"""Parquet that was exported comes back as it was; what is damaged or foreign is told, not half believed."""

from __future__ import annotations

import contextlib
import io
import random
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.cli import importing_parquet
from heapwatch.cli.archives import Inputs
from heapwatch.cli.importing import Reader, Rules
from heapwatch.errors import Unreadable
from heapwatch.model import ALL, LIVE, Histogram, JvmId, Snapshot
from heapwatch.web.parquet import snapshots as written

AT = 1_795_341_600_000


def snapshot(number: int, classes: dict[str, tuple[int, int, int]], **more: Any) -> Snapshot:
    instances, size, rows = (array("q", [each[place] for each in classes.values()]) for place in range(3))
    jvm = JvmId(f"web{number % 2}", "shop", 4711, AT - 1000)
    mode = LIVE if number % 3 == 2 else ALL
    return Snapshot(jvm, AT + 1000 * number, mode, Histogram(list(classes), instances, size, rows), **more)


SOME = [
    snapshot(0, {"java.lang.String": (3, 72, 1), "byte[]": (9, 2**40, 2), "com.shop.Bücher": (1, 16, 1)}),
    snapshot(
        1,
        {f"com.shop.C{n}": (n, 16 * n, 1) for n in range(40)},
        pause=2.5,
        duration=20.25,
        heap={"old_used": 1e9, "threads": 12.0},
        labels={"service": "shop", "version": "1.2"},
    ),
    snapshot(2, {}, labels={"service": "shop"}),
    snapshot(3, {"byte[]": (10, 2**40, 1)}),
]


def file_of(found: Sequence[Snapshot]) -> bytes:
    return b"".join(written(found))


def read(data: bytes) -> list[Snapshot]:
    return list(importing_parquet.snapshots(io.BytesIO(data)))


EXPORT = file_of(SOME)


@pytest.mark.parametrize("rows_at_once", [1, 7, 65_536])
def test_an_export_comes_back_as_it_was(monkeypatch: pytest.MonkeyPatch, rows_at_once: int) -> None:
    monkeypatch.setattr(importing_parquet, "ROWS_AT_ONCE", rows_at_once)
    assert read(EXPORT) == SOME


def test_nothing_exported_is_nothing_imported() -> None:
    assert read(file_of([])) == []


numbers = st.integers(0, 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.dictionaries(texts, st.tuples(numbers, numbers, numbers), max_size=5),
    st.dictionaries(texts, texts, max_size=3),
    st.dictionaries(texts, st.floats(allow_nan=False), max_size=3),
    st.none() | st.floats(0, 1e6),
)
def test_whatever_is_stored_comes_back(
    classes: dict[str, tuple[int, int, int]],
    labels: dict[str, str],
    heap: dict[str, float],
    pause: float | None,
) -> None:
    found = [snapshot(0, classes, labels=labels, heap=heap, pause=pause), SOME[3]]
    assert read(file_of(found)) == found


@given(st.data())
def test_a_damaged_export_is_an_error_or_what_it_was(data: st.DataObject) -> None:
    damaged = bytearray(EXPORT)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(damaged) // 2, len(damaged)))
    with contextlib.suppress(Unreadable):
        assert all(isinstance(each, Snapshot) for each in read(bytes(damaged[:cut])))


@pytest.mark.parametrize("column", ["class", "instances", "heap.key_value.value"])
def test_a_flipped_bit_in_the_numbers_is_noticed(column: str) -> None:
    group = pq.ParquetFile(io.BytesIO(EXPORT)).metadata.row_group(0)
    chunks = [group.column(place) for place in range(group.num_columns)]
    (chunk,) = [each for each in chunks if each.path_in_schema == column]
    damaged = bytearray(EXPORT)
    damaged[chunk.dictionary_page_offset + chunk.total_compressed_size - 1] ^= 1  # the end of its last page
    with pytest.raises(Unreadable, match="cannot be read as Parquet"):
        read(bytes(damaged))


def table() -> pa.Table:
    return pq.read_table(io.BytesIO(EXPORT))


def parquet(of: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(of, sink)
    return sink.getvalue()


def test_an_export_of_an_early_version_has_fewer_columns() -> None:
    early = parquet(table().drop_columns(["rows", "heap", "pause_ms", "duration_ms"]))
    found = read(early)
    assert [each.histogram.bytes for each in found] == [each.histogram.bytes for each in SOME]
    assert found[1].labels == SOME[1].labels
    assert set(found[0].histogram.rows) == {1}


def shuffled(of: pa.Table) -> pa.Table:
    order = list(range(len(of)))
    random.Random(1).shuffle(order)
    return of.take(order)


def changed(name: str, value: object) -> pa.Table:
    of = table()
    place = of.column_names.index(name)
    cells = of[name].to_pylist()
    return of.set_column(place, name, pa.array([value, *cells[1:]], of.schema.field(name).type))


@pytest.mark.parametrize(
    ("foreign", "says"),
    [
        (pa.table({"price": [1.5]}), "lacks the column time, host, jvm, pid, started, mode, class"),
        (table().drop_columns(["pid"]), "lacks the column pid: only Parquet that heapwatch export wrote"),
        (shuffled(table()), "not together: another program has sorted them"),
        (changed("host", None), "the column host has rows without a value"),
        (changed("class", "byte[]"), "a class twice"),
        (changed("instances", None), "rows without instances"),
        (
            table().set_column(8, "instances", pa.array([0.5] * len(table()))),
            "cannot be read as Parquet: Float value 0.500000 was truncated",
        ),
    ],
)
def test_what_is_foreign_is_refused(foreign: pa.Table, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read(parquet(foreign))


def test_a_bad_file_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(EXPORT[:-9])
    (tmp_path / "b.parquet").write_bytes(EXPORT)
    (tmp_path / "c.parquet").write_bytes(b"no parquet at all")
    reader = Reader(Rules())
    found = [each for batch in reader.batches(Inputs([str(tmp_path)])) for each in batch.snapshots]
    assert found == SOME
    assert [Path(bad.name).name for bad in reader.counts.bad] == ["a.parquet", "c.parquet"]
    assert reader.counts.histograms == len(SOME)
