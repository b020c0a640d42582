"""What `collect` and `hosts` share: the inventory's options, and a row a host."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Callable, Iterator

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli.options import Seconds
from heapwatch.cli.output import GREEN, RED, YELLOW, Column, number
from heapwatch.errors import UsageError
from heapwatch.fleet.hosts import Inventory
from heapwatch.fleet.results import OK, HostResult

_GROUP = "Hosts"


@Parameter(name="*")
@dataclass(frozen=True)
class HostOptions:
    """Which hosts, and how they are reached."""

    inventory: Annotated[
        str, Parameter(name=["--inventory", "-i"], group=_GROUP, env_var="HEAPWATCH_INVENTORY")
    ] = ""
    "TOML or YAML of ours, an Ansible inventory of any kind, or hosts with commas."
    limit: Annotated[str, Parameter(name=["--limit", "-l"], group=_GROUP)] = ""
    "Only these: names and groups as Ansible writes them, web*,db:!db3."
    forks: Annotated[int, Parameter(name=["--forks", "-f"], group=_GROUP)] = 25
    "How many hosts at a time."
    timeout: Annotated[Seconds, Parameter(group=_GROUP)] = 60.0
    "How long a host may take for everything."
    connect_timeout: Annotated[Seconds, Parameter(group=_GROUP)] = 10.0
    "How long it may take to let us in."
    ssh_config: Annotated[Path | None, Parameter(group=_GROUP)] = None
    "Another file than ~/.ssh/config."

    def read(self) -> Inventory:
        """The inventory; UsageError says what is wrong with it."""
        from heapwatch.fleet import inventory
        from heapwatch.monitor import marked

        if not self.inventory:
            raise UsageError("which hosts? name an inventory: -i hosts.toml, or -i web1,web2")
        return inventory.read(self.inventory, marked.read)


HOSTS = HostOptions()


def _paint(outcome: str) -> str:
    return GREEN if outcome == OK else YELLOW if outcome in ("no jvm", "put off") else RED


OUTCOME = Column("outcome", "OUTCOME", paint=_paint)

COLUMNS = [
    Column("host", "HOST"),
    OUTCOME,
    number("jvms", "JVMS", str),
    number("classes", "CLASSES", human.count, rank=3),
    number("bytes", "BYTES", human.size),
    number("pause_ms", "PAUSE", human.milliseconds),
    number("predicted_ms", "EXPECTED", human.milliseconds, rank=2),
    number("took_s", "TOOK", human.duration, rank=1),
    Column("asked", "BY", rank=4),
    Column("why", "WHY", elastic=True),
]


def row(result: HostResult) -> dict[str, Any]:
    """A host as a row; sums of its JVMs, and of their pauses the longest."""
    jvms = result.jvms
    return {
        "host": result.host,
        "outcome": result.outcome,
        "jvms": len(jvms),
        "classes": sum(jvm.classes or 0 for jvm in jvms) or None,
        "bytes": sum(jvm.bytes or 0 for jvm in jvms) or None,
        "pause_ms": result.pause_ms,
        "predicted_ms": max((jvm.predicted_ms or 0.0 for jvm in jvms), default=None),
        "took_s": round(result.took_s, 3),
        "asked": result.asked or None,
        "why": result.why,
    }


def document(result: HostResult) -> dict[str, Any]:
    """A host as JSON, with each of its JVMs."""
    keys = (
        "pid", "name", "outcome", "why", "user", "java", "collector", "started", "heap_used", "heap_max",
        "predicted_ms", "pause_ms", "duration_ms", "classes", "instances", "bytes",
    )  # fmt: skip
    jvms = [{key: getattr(jvm, key) for key in keys} for jvm in result.jvms]
    more = {"user": result.user or None, "clock_ahead_ms": result.clock_ahead_ms}
    return {**row(result), **more, "jvms": jvms}


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[], object]]:
    """A bar on the terminal while hosts are done; nothing anywhere else."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
