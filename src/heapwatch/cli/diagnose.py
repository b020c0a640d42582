"""`heapwatch diagnose PID|NAME|HOST:JVM`: from what costs nothing to what a person must allow."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli import complete
from heapwatch.cli.client import Client
from heapwatch.cli.diagnosed import Diagnosed, Here, afar, parted
from heapwatch.cli.fleet import HostOptions
from heapwatch.cli.ladder import KINDS, Ladder, leaving_in_order
from heapwatch.cli.options import TABLE, Seconds, TableOutput, WhereKept
from heapwatch.cli.output import Column, number, write
from heapwatch.cli.visit import MAX_PAUSE_MS
from heapwatch.errors import UsageError
from heapwatch.jvm.discover import find
from heapwatch.jvm.session import Session

COLUMNS = [
    number("step", "", str),
    Column("operation", "OPERATION"),
    number("predicted_pause_ms", "MAY STOP", human.milliseconds),
    number("pause_ms", "STOPPED", human.milliseconds),
    number("duration_ms", "TOOK", human.milliseconds),
    Column("found", "FOUND", elastic=True),
]


_INVENTORY = "HEAPWATCH_INVENTORY"
_GROUP = "Hosts"


@Parameter(name="*")
@dataclass(frozen=True)
class Reach:
    """How a JVM of another host is reached."""

    inventory: Annotated[str, Parameter(name=["--inventory", "-i"], group=_GROUP, env_var=_INVENTORY)] = ""
    "Hosts, as `heapwatch collect` reads them; the JVM is HOST:JVM then."
    connect_timeout: Annotated[Seconds, Parameter(group=_GROUP)] = 10.0
    "How long it may take to let us in."
    ssh_config: Annotated[Path | None, Parameter(group=_GROUP)] = None
    "Another file than ~/.ssh/config."

    def is_for(self, jvm: str) -> bool:
        """An inventory of the environment does not keep a JVM of this machine from being named."""
        return bool(self.inventory) and (":" in jvm or self.inventory != os.environ.get(_INVENTORY))


THIS_MACHINE, NOWHERE = Reach(), WhereKept()


def diagnose(
    jvm: Annotated[str, Parameter(completer=complete.jvms_here)],
    /,
    *,
    suspect: str = "",
    seconds: Seconds = 30.0,
    allow: str = "jfr",
    max_pause: float = MAX_PAUSE_MS,
    yes_heap_dump: bool = False,
    keep: str = "",
    host: str = "",
    reach: Reach = THIS_MACHINE,
    output: TableOutput = TABLE,
    server: WhereKept = NOWHERE,
) -> int:
    """Find out what grows in a JVM, and who holds it.

    A ladder of steps, the cheapest first: counters, threads and class loaders,
    two histograms, and what --allow names: a flight recording (jfr), a histogram
    after a full collection (live), a heap dump (heap-dump). Each says before how
    long it may stop the JVM, is left out above --max-pause, and says afterwards
    how long it did.

    For example:

        heapwatch diagnose shop
        heapwatch diagnose shop --suspect com.shop.Session --allow jfr,live
        heapwatch diagnose 4711 --allow heap-dump --yes-heap-dump --keep shop.hprof
        heapwatch diagnose shop --server http://heapwatch:7077
        heapwatch diagnose web1:shop -i hosts.toml
        heapwatch diagnose web1:shop -i hosts.toml --allow heap-dump
        heapwatch diagnose shop --json | jq '.suspect'

    Parameters
    ----------
    jvm
        Process id, name, or a part of the name that fits no other; with --inventory HOST:JVM.
    suspect
        The class to look for; else what grows most between two histograms.
    seconds
        Between the two histograms, and the length of the recording.
    allow
        What may be done beyond the cheap steps: jfr, live, heap-dump, by commas; none.
    max_pause
        The longest stop that is allowed, in ms; a heap dump is asked for instead.
    yes_heap_dump
        Do not ask before a heap dump.
    keep
        Where to keep the heap dump, here; else it is deleted once it is read. It
        holds all that is in memory, passwords too; only you can read the file.
    host
        What this machine is called at the server [else its host name].
    """
    allowed = [word for word in allow.split(",") if word and word != "none"]
    for word in allowed:
        if word not in KINDS:
            raise UsageError(f"--allow is made of {', '.join(KINDS)}, or none; not {word!r}")
    with ExitStack() as opened:
        opened.enter_context(leaving_in_order())
        client = opened.enter_context(Client(server)) if server.server else None
        patient = _open(jvm, host, reach, opened)
        ladder = Ladder(patient, suspect, seconds, max_pause)
        ladder.climb(allowed, yes_heap_dump, keep)
        document = _document(patient, ladder)
        target = patient.target
        head = [f"{target.name} ({target.pid})  Java {target.java_version}  {target.collector}", ""]
        shown = [{column.key: row.get(column.key) for column in COLUMNS} for row in ladder.rows]
        write(COLUMNS, shown, output.kind, document, head, ladder.foot())
        if client is not None:
            kept = client.post("/api/v1/diagnoses", document)
            print(f"kept on {client.url} as {kept['id']}", file=sys.stderr)
    return 0


def _open(jvm: str, host: str, reach: Reach, opened: ExitStack) -> Diagnosed:
    if not reach.is_for(jvm):
        return Here(opened.enter_context(Session(find(jvm))), host)
    from heapwatch.fleet.reach import Fleet

    inventory = HostOptions(inventory=reach.inventory).read()
    name, there = parted(jvm, inventory)
    fleet = Fleet(inventory, connect_timeout_s=reach.connect_timeout, ssh_config=reach.ssh_config, keep=True)
    return afar(opened.enter_context(fleet), name, there)


def _document(patient: Diagnosed, ladder: Ladder) -> dict[str, Any]:
    who, target = patient.identity, patient.target
    return {
        "host": who.host,
        "jvm": who.jvm,
        "pid": who.pid,
        "started": who.started,
        "time": int(time.time() * 1000),
        "java_version": target.java_version,
        "collector": target.collector,
        "suspect": ladder.suspect or None,
        "confirmed_by": ladder.confirmed_by,
        "doubt": ladder.doubt() or None,
        "growth": ladder.growth,
        "steps": ladder.rows,
        "holders": ladder.holders,
    }
