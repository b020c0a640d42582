"""Answers as Parquet: the numbers of JSON with their types, read back by pyarrow."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import test_story
from servers import Server

from heapwatch.model import Batch
from heapwatch.web import negotiation
from heapwatch.web.parquet import MEDIA_TYPE
from heapwatch.wire.batch import encode

SPAN = {"from": str(test_story.BEGIN), "to": str(test_story.BEGIN + test_story.TICKS * test_story.STEP)}


@pytest.fixture(scope="module")
def filled(server: Server) -> Server:
    """The module's server with the story's histograms."""
    batch = Batch("agent", 1, list(test_story.snapshots()))
    server.http.post("/api/v1/batch", content=encode(batch)).raise_for_status()
    return server


def read(content: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(content))


def epoch(moment: datetime) -> int:
    assert moment.tzinfo is not None
    return round(moment.timestamp() * 1000)


@pytest.mark.store
def test_a_query_by_its_points(filled: Server) -> None:
    asked = {"query": "metric=heap.bytes | sum by host", **SPAN, "interval": "10s"}
    answer = filled.http.post("/api/v1/query", json=asked, headers={"Accept": MEDIA_TYPE})
    assert answer.headers["content-type"] == MEDIA_TYPE
    table = read(answer.content)
    assert table.schema.field("time").type == pa.timestamp("ms", "UTC")
    assert table.schema.field("host").type == pa.string()
    assert table.schema.field("value").type == pa.float64()
    [row] = filled.http.post("/api/v1/query", json=asked).json()["rows"]
    wanted = [
        {"time": time, "host": series["labels"]["host"], "value": value}
        for series in row["series"]
        for time, value in zip(row["times"], series["values"], strict=True)
        if value is not None
    ]
    assert [{**each, "time": epoch(each["time"])} for each in table.to_pylist()] == wanted
    assert wanted


@pytest.mark.store
@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("top", {"host": "memleak1", "from": SPAN["from"], "to": SPAN["to"]}),
        ("classes", {"host": "memleak1", "at": str(test_story.BEGIN + 60_000)}),
        ("totals", {"host": "memleak2", **SPAN}),
        ("snapshots", {"host": "memleak3", **SPAN}),
        ("jvms", {}),
        ("labels", {}),
        ("events", SPAN),
    ],
)
def test_every_route_that_has_csv_has_parquet_with_as_many_rows(
    filled: Server, path: str, params: dict[str, str]
) -> None:
    answer = filled.http.get(f"/api/v1/{path}", params={**params, "format": "parquet"})
    assert answer.status_code == 200, answer.text
    lines = filled.http.get(f"/api/v1/{path}", params={**params, "format": "jsonl"}).text.splitlines()
    assert read(answer.content).num_rows == len(lines)


@pytest.mark.store
def test_histograms_are_exported_a_row_a_class(filled: Server) -> None:
    asked = {"format": "parquet", "host": "memleak2", **SPAN}
    table = read(filled.http.get("/api/v1/export", params=asked).content)
    wanted = [
        (each.time, each.jvm.host, name, instances, size)
        for each in test_story.snapshots()
        if each.jvm.host == "memleak2"
        for name, instances, size in zip(
            each.histogram.classes, each.histogram.instances, each.histogram.bytes, strict=True
        )
    ]
    found = [
        (epoch(row["time"]), row["host"], row["class"], row["instances"], row["bytes"])
        for row in table.to_pylist()
    ]
    assert sorted(found) == sorted(wanted)
    assert table.schema.field("bytes").type == pa.int64()
    nothing = filled.http.get("/api/v1/export", params={**asked, "from": "2026-02-01T00:00:00Z", "to": "now"})
    assert read(nothing.content).num_rows == 0


@pytest.mark.store
def test_log_messages_by_their_columns(filled: Server) -> None:
    lines = b"2026-01-01T00:00:01Z one\n2026-01-01T00:00:02Z two\n"
    filled.http.post("/api/v1/logs?host=web1", content=lines).raise_for_status()
    asked = {"query": "host=web1", "from": "2025-12-31T00:00:00Z", "to": "now"}
    answer = filled.http.post("/api/v1/logs/query?format=parquet", json=asked)
    assert answer.status_code == 200, answer.text
    table = read(answer.content)
    columns = filled.http.post("/api/v1/logs/query", json=asked).json()["columns"]
    assert table.num_rows == 2
    assert [epoch(time) for time in table["_time"].to_pylist()] == columns["_time"]


def test_columns_have_the_types_of_their_values() -> None:
    payload: dict[str, Any] = {
        "columns": {
            "time": [1000, None],
            "count": [1, 2],
            "share": [1, 0.5],
            "nothing": [None, None],
            "hole": [1.5, float("nan")],
            "up": [True, None],
            "labels": [{"a": 1}, None],
            "mixed": ["x", 3],
            "great": [1 << 63, 1],
            "odd": ["a\ud800", ""],
        }
    }
    table = read(negotiation.to_parquet(payload))
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "time": "timestamp[ms, tz=UTC]",
        "count": "int64",
        "share": "double",
        "nothing": "double",
        "hole": "double",
        "up": "bool",
        "labels": "string",
        "mixed": "string",
        "great": "double",
        "odd": "string",
    }
    first, second = table.to_pylist()
    assert first["time"] == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert (first["labels"], first["mixed"], second["mixed"]) == ('{"a":1}', "x", "3")
    assert (second["hole"], second["time"], first["odd"]) == (None, None, "a\\ud800")


def test_a_label_that_is_called_like_a_column_stays_apart() -> None:
    series = {"times": [1000], "series": [{"labels": {"time": "noon", "bytes": "x"}, "bytes": [1]}]}
    assert read(negotiation.to_parquet(series)).column_names == ["time", "time_2", "bytes", "bytes_2"]
