"""Files of monitors: YAML, read strictly; a fault is told with file, line and column.

receivers:
  - {name: oncall, apprise: {env: ONCALL_URL}}
monitors:
  - name: heap-after-gc
    kind: query
    query: metric=jvm.heap.after_gc | max by host, jvm
    critical: {above: 3GiB, until: 2.5GiB}
    notify: [{to: oncall}]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from heapwatch.monitor import marked
from heapwatch.monitor.kinds import KINDS
from heapwatch.monitor.kinds.base import Monitor
from heapwatch.monitor.receivers import Receiver

SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True)
class Rulebook:
    """All monitors of a server, and who can be told."""

    monitors: Sequence[Monitor] = ()
    receivers: Sequence[Receiver] = ()
    files: Sequence[str] = ()

    def monitor(self, name: str) -> Monitor | None:
        return next((each for each in self.monitors if each.name == name), None)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    receivers: list[Receiver] = Field(default_factory=list)
    monitors: list[dict[str, Any]] = Field(default_factory=list)


def load(path: Path) -> Rulebook:
    """A file, or all files of a folder; UsageError names the first fault."""
    return combined([marked.read(each) for each in files(path)])


def files(path: Path) -> list[Path]:
    """The files of monitors that a path names."""
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix in SUFFIXES and each.is_file())
    return [each for each in found if not each.name.startswith(".")]


def combined(documents: Iterable[marked.Document]) -> Rulebook:
    """Documents together: names are told once in all of them."""
    book = _Book()
    for document in documents:
        book.add(document)
    book.check_receivers()
    return Rulebook(book.monitors, book.receivers, book.names)


class _Book:
    """What was read so far, and where it stands."""

    def __init__(self) -> None:
        self.monitors: list[Monitor] = []
        self.receivers: list[Receiver] = []
        self.names: list[str] = []
        self._places: dict[tuple[str, str], str] = {}
        self._told: list[tuple[marked.Document, tuple[marked.Key, ...], str]] = []

    def add(self, document: marked.Document) -> None:
        self.names.append(document.name)
        file = document.validated(_File)
        for at, receiver in enumerate(file.receivers):
            self._once(document, ("receivers", at), receiver.name)
            self.receivers.append(receiver)
        for at, said in enumerate(file.monitors):
            monitor = _monitor(document, at, said)
            self._once(document, ("monitors", at), monitor.name)
            self.monitors.append(monitor)
            for number, each in enumerate(monitor.notify):
                self._told.append((document, ("monitors", at, "notify", number, "to"), each.to))

    def check_receivers(self) -> None:
        known = sorted(each.name for each in self.receivers)
        for document, path, name in self._told:
            if name not in known:
                there = f"there are {', '.join(known)}" if known else "no file has receivers"
                raise document.error(path, f"no receiver is called {name!r}; {there}")

    def _once(self, document: marked.Document, path: tuple[marked.Key, ...], name: str) -> None:
        key = str(path[0]), name
        if key in self._places:
            raise document.error(
                (*path, "name"), f"{name!r} stands twice; the first is in {self._places[key]}"
            )
        place = document.places[(*path, "name")]
        self._places[key] = f"{document.name}:{place.line}"


def _monitor(document: marked.Document, at: int, said: dict[str, Any]) -> Monitor:
    path = ("monitors", at)
    kind = said.get("kind")
    if kind is None:
        raise document.error(path, f"kind: Field required: one of {', '.join(KINDS)}")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise document.error((*path, "kind"), f"{kind!r} is none of {', '.join(KINDS)}")
    return document.validated(model, path)
