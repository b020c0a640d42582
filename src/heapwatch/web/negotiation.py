"""One answer of columns in the form that the client asked for: JSON, CSV, JSON lines or Parquet.

CSV, JSON lines and Parquet have one record a row: a histogram's class, a point of a series with its labels.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from heapwatch.errors import UsageError
from heapwatch.web import parquet

JSON, CSV, LINES = "application/json", "text/csv", "application/x-ndjson"
FORMATS = {"json": JSON, "csv": CSV, "jsonl": LINES, "ndjson": LINES, "parquet": parquet.MEDIA_TYPE}
COMPRESS_FROM = 4096
"""Smaller answers fit a few packets anyway."""


def wanted(request: Request) -> str:
    """The media type asked for by `format=` or else by the Accept header."""
    asked = request.query_params.get("format")
    if asked is not None:
        if asked not in FORMATS:
            raise UsageError(f"format: expected {', '.join(FORMATS)}, not {asked[:40]!r}")
        return FORMATS[asked]
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    return next((kind for kind in accepted if kind in FORMATS.values()), JSON)


def respond(request: Request, payload: Mapping[str, Any], media_type: str) -> Response:
    """Encode and, when it is large, compress. Worth a thread: a few ms for each megabyte."""
    if media_type == CSV:
        body = to_csv(payload)
    elif media_type == LINES:
        body = to_lines(payload)
    elif media_type == parquet.MEDIA_TYPE:
        body = to_parquet(payload)
    else:
        body = encode(payload)
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding, Authorization"}
    packed = media_type == parquet.MEDIA_TYPE
    if len(body) >= COMPRESS_FROM and not packed and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    charset = "; charset=utf-8" if media_type == CSV else ""
    return Response(body, media_type=media_type + charset, headers=headers)


def encode(payload: Any) -> bytes:
    """JSON in which "no number" is null."""
    return to_json(payload, inf_nan_mode="null", fallback=_plain)


def to_csv(payload: Mapping[str, Any]) -> bytes:
    header, rows = table(payload)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def to_lines(payload: Mapping[str, Any]) -> bytes:
    header, rows = table(payload)
    return b"".join(encode(dict(zip(header, row, strict=True))) + b"\n" for row in rows)


def to_parquet(payload: Mapping[str, Any]) -> bytes:
    header, rows = table(payload)
    return parquet.written(header, rows, lambda value: encode(value).decode())


def table(payload: Mapping[str, Any]) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Header and rows of any answer of ours: columns, series over times, or a list of objects."""
    if "columns" in payload:
        columns = payload["columns"]
        names = payload.get("order") or list(columns)
        return list(names), zip(*(columns[name] for name in names), strict=True)
    if payload.get("kind") == "metrics":
        return _query_rows(payload["rows"])
    if "series" in payload and "times" in payload:
        return _series(payload["times"], payload["series"])
    lists = [value for value in payload.values() if isinstance(value, list)]
    rows = lists[0] if len(lists) == 1 else []
    if rows and not isinstance(rows[0], Mapping):
        name = next(name for name, value in payload.items() if isinstance(value, list))
        return [name], ((value,) for value in rows)
    header = list(dict.fromkeys(itertools.chain.from_iterable(rows)))
    return header, ([row.get(name) for name in header] for row in rows)


def _series(
    times: Sequence[int], series: Sequence[Mapping[str, Any]]
) -> tuple[list[str], Iterator[Sequence[Any]]]:
    labels = list(dict.fromkeys(name for one in series for name in one["labels"]))
    measures = list(dict.fromkeys(name for one in series for name in one if name != "labels"))

    def rows() -> Iterator[Sequence[Any]]:
        for one in series:
            told = [one["labels"].get(name) for name in labels]
            columns: list[Iterable[Any]] = [one.get(name) or itertools.repeat(None) for name in measures]
            for moment, *values in zip(times, *columns, strict=False):
                if any(value is not None for value in values):
                    yield [moment, *told, *values]

    return ["time", *labels, *measures], rows()


def _query_rows(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """A query's rows one after the other; their letters are a column when there are several."""
    tables = [row["table"] for row in rows if row["table"]]
    if tables:
        if len(rows) > 1:
            raise UsageError(
                "format: a table of diff or predict comes as CSV or JSON lines alone; ask for its row"
            )
        return table(tables[0])
    several = len(rows) > 1
    labels = list(dict.fromkeys(name for row in rows for one in row["series"] for name in one["labels"]))

    def points() -> Iterator[Sequence[Any]]:
        for row in rows:
            letter = [row["letter"]] if several else []
            for one in row["series"]:
                told = [one["labels"].get(name) for name in labels]
                for moment, value in zip(row["times"], one["values"], strict=True):
                    if value is not None:
                        yield [moment, *letter, *told, value]

    return ["time", *(["row"] if several else []), *labels, "value"], points()


def _cell(value: Any) -> Any:
    if value is None or value != value:
        return ""
    if isinstance(value, (dict, list)):
        return encode(value).decode()
    # A spreadsheet would run a text that begins like a formula; class names come from outside.
    if isinstance(value, str) and value[:1] in "=+-@\t\r" and value:
        return "'" + value
    return value


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} in an answer")
