"""Answers as JSON, CSV and JSON lines: the same cells in each."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from array import array
from typing import Any

import numpy as np
import pytest
from starlette.requests import Request

from heapwatch.errors import UsageError
from heapwatch.web import negotiation

TABLE = {
    "total": 2,
    "columns": {"class": ["a.B", 'c,"D"\n'], "bytes": array("q", [16, 24]), "rate": [1.5, None]},
}
SERIES = {
    "times": [1000, 2000, 3000],
    "series": [
        {"labels": {"host": "a", "pid": 7}, "bytes": [1, None, 3], "instances": [1, None, 1]},
        {"labels": {"host": "b"}, "bytes": [None, 5, None], "instances": [None, 1, None]},
    ],
    "warnings": [],
}
OBJECTS = {"jvms": [{"host": "a", "labels": {"env": "x"}}, {"host": "b", "state": "up"}]}


def request(query: str = "", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": raw}
    )


def rows(payload: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(negotiation.to_csv(payload).decode())))


def test_columns_become_a_row_a_class() -> None:
    assert rows(TABLE) == [
        {"class": "a.B", "bytes": "16", "rate": "1.5"},
        {"class": 'c,"D"\n', "bytes": "24", "rate": ""},
    ]


def test_series_become_a_row_a_point_and_missing_points_are_left_out() -> None:
    assert rows(SERIES) == [
        {"time": "1000", "host": "a", "pid": "7", "bytes": "1", "instances": "1"},
        {"time": "3000", "host": "a", "pid": "7", "bytes": "3", "instances": "1"},
        {"time": "2000", "host": "b", "pid": "", "bytes": "5", "instances": "1"},
    ]


def test_objects_keep_every_field_that_any_of_them_has() -> None:
    assert rows(OBJECTS) == [
        {"host": "a", "labels": '{"env":"x"}', "state": ""},
        {"host": "b", "labels": "", "state": "up"},
    ]


def test_json_lines_hold_the_same_cells() -> None:
    lines = [json.loads(line) for line in negotiation.to_lines(SERIES).splitlines()]
    assert lines[2] == {"time": 2000, "host": "b", "pid": None, "bytes": 5, "instances": 1}


def test_a_text_that_a_spreadsheet_would_run_is_not_run() -> None:
    assert rows({"columns": {"class": ["=HYPERLINK(1)"], "delta": [-3]}}) == [
        {"class": "'=HYPERLINK(1)", "delta": "-3"}
    ]


def test_no_number_is_null_whatever_the_column_is_made_of() -> None:
    body = negotiation.encode({"a": [math.nan], "b": np.array([1.5, np.nan]), "c": array("d", [math.inf])})
    assert json.loads(body) == {"a": [None], "b": [1.5, None], "c": [None]}


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (request(), "application/json"),
        (request("format=csv"), "text/csv"),
        (request("format=jsonl", accept="text/csv"), "application/x-ndjson"),
        (request(accept="text/csv;q=0.9, */*"), "text/csv"),
        (request(accept="text/html,application/xhtml+xml,*/*;q=0.8"), "application/json"),
        (request(accept="application/x-ndjson"), "application/x-ndjson"),
    ],
)
def test_the_form_follows_the_parameter_then_the_header(asked: Request, kind: str) -> None:
    assert negotiation.wanted(asked) == kind


def test_an_unknown_form_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="format: expected json, csv, jsonl, ndjson, parquet, not 'xml'"):
        negotiation.wanted(request("format=xml"))


def test_only_large_answers_are_compressed_and_only_for_those_who_can_read_them() -> None:
    large = {"columns": {"class": [f"a.b.C{n}" for n in range(5000)]}}
    packed = negotiation.respond(request(accept_encoding="gzip, br"), large, "application/json")
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == large
    assert packed.headers["cache-control"] == "no-store"
    for plain in (
        negotiation.respond(request(), large, "application/json"),
        negotiation.respond(request(accept_encoding="gzip"), TABLE, "application/json"),
    ):
        assert "content-encoding" not in plain.headers
