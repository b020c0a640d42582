"""Where collected histograms go: a server, a folder of files, Graphite, standard output."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from heapwatch.cli.client import Client
from heapwatch.cli.importing import name_of
from heapwatch.cli.options import ServerOptions
from heapwatch.errors import Unavailable, UsageError
from heapwatch.jvm.histogram import render
from heapwatch.model import Batch
from heapwatch.ship.graphite import GraphiteSink
from heapwatch.wire.batch import CONTENT_TYPE, encode
from heapwatch.wire.paths import Template

_UNSAFE = re.compile(r"[^A-Za-z0-9._$@+=-]")
_TRIES = 3
_LONGEST_WAIT_S = 10.0


class Carrier(Protocol):
    """Takes what came from one JVM. What it cannot take is a HeapwatchError."""

    def send(self, batch: Batch, /) -> None: ...

    def close(self) -> None: ...


class ToServer:
    """Stored once, however often the same histogram is sent: its batch is named by its content."""

    def __init__(self, options: ServerOptions) -> None:
        self._client = Client(options)

    def send(self, batch: Batch, /) -> None:
        named = replace(batch, agent=name_of(batch.snapshots[0]), sequence=0)
        for left in reversed(range(_TRIES)):
            try:
                self._client.send("/api/v1/batch", encode(named), CONTENT_TYPE)
                return
            except Unavailable as error:
                if not left:
                    raise
                time.sleep(min(error.retry_after or 1.0, _LONGEST_WAIT_S))

    def close(self) -> None:
        self._client.__exit__(None, None, None)


class ToFolder:
    """A text a histogram, as jmap prints it and `heapwatch import` reads it, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, batch: Batch, /) -> None:
        for snapshot in batch.snapshots:
            jvm = snapshot.jvm
            place = self._folder / _safe(jvm.host) / _safe(jvm.jvm) / f"{jvm.pid}-{jvm.started}"
            file = place / f"{snapshot.time}.{snapshot.mode}.histo"
            part = file.with_name(f"{file.name}.part")
            try:
                place.mkdir(parents=True, exist_ok=True)
                part.write_text(render(snapshot.histogram), encoding="utf-8", errors="backslashreplace")
                part.replace(file)
            except OSError as error:
                raise UsageError(f"cannot write {file}: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is kept open."""


def graphite(address: str, template: str) -> GraphiteSink:
    """Graphite's line protocol to `host:port`."""
    name, _, port = address.rpartition(":")
    if not name or not port.isdigit():
        raise UsageError(f"--graphite {address!r}: write host:port, such as localhost:2003")
    return GraphiteSink(name.strip("[]"), int(port), template=Template(template))


def _safe(name: str) -> str:
    """A name as one part of a path, wherever it comes from."""
    word = _UNSAFE.sub("_", name)
    return f"_{word}" if word.startswith(".") else word or "_"
