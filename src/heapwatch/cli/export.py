"""`heapwatch export [FILE]`"""

from __future__ import annotations

import gzip
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Iterator, Literal

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.options import EVERYTHING, SERVER, Selection, ServerOptions
from heapwatch.errors import UsageError

_TIME = Parameter(allow_leading_hyphen=True, metavar="TIME", group="Time")


def export(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)] = Path("-"),
    /,
    *,
    format: Literal["jsonl", "text-tar", "logs", "parquet"] | None = None,  # noqa: A002 - the word of the command line
    from_: Annotated[str, Parameter(name="--from"), _TIME] = "-3650d",
    to: Annotated[str, _TIME] = "now",
    force: bool = False,
    selection: Selection = EVERYTHING,
    server: ServerOptions = SERVER,
) -> int:
    """Write stored histograms, or log messages, to a file.

    jsonl keeps everything (labels, pauses, counters); text-tar is a tar of texts
    as jmap prints them, which other tools read too; logs is log messages, a
    JSON object a line; parquet keeps everything, too, with a row for each class
    of each histogram, which other programs read. `heapwatch import` reads all of
    them back. A file that ends in .gz is compressed. An export that breaks off
    leaves no file.

    For example:

        heapwatch export shop.jsonl.gz --jvm shop --from -7d
        heapwatch export histograms.tar --host memleak1
        heapwatch export histograms.parquet --jvm shop --from -1d
        heapwatch export app.jsonl.gz --format logs --jvm shop --from -1h
        heapwatch export --jvm shop | heapwatch --server http://other:7077 import -

    Parameters
    ----------
    file
        Where to; - is standard output.
    format
        [else by the name: text-tar for .tar, parquet, jsonl for all others]
    from_
        RFC 3339, epoch seconds or ms, now, or back from now: -15m, -7d [else everything].
    to
        The same.
    force
        Overwrite the file.
    """
    by_name = "parquet" if file.suffix == ".parquet" else "text-tar" if ".tar" in file.name else "jsonl"
    kind = format or by_name
    params = {**selection.params(), "from": from_, "to": to, "format": kind}
    written = 0
    with (
        Client(server) as client,
        client.stream("/api/v1/export", params) as pieces,
        _target(file, force) as out,
    ):
        for piece in pieces:
            out.write(piece)
            written += len(piece)
    if str(file) != "-":
        print(f"{file}: {human.size(os.path.getsize(file))}")
    return 0


@contextmanager
def _target(file: Path, force: bool) -> Iterator[IO[bytes]]:
    """The file, complete or not at all."""
    if str(file) == "-":
        if sys.stdout.isatty():
            raise UsageError("an export is long: name a file, or send it on with | or >")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if file.exists() and not force:
        raise UsageError(f"{file} exists already; --force overwrites it")
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("wb") as raw:
            if file.suffix == ".gz":
                with gzip.GzipFile(file.name[:-3], "wb", fileobj=raw) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield raw
        os.replace(part, file)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
