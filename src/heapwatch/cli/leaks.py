"""`heapwatch leaks [DIR]`: which classes leak, on a server or in files; since when, how fast, until when."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli import served_leaks
from heapwatch.cli.histories import read
from heapwatch.cli.options import EVERYTHING, SERVER, TABLE, Selection, ServerOptions, TableOutput
from heapwatch.cli.output import Column, number, write
from heapwatch.detect import objects
from heapwatch.detect.fleet import Finding, findings
from heapwatch.detect.history import History
from heapwatch.detect.judge import Judgement, judge
from heapwatch.detect.settings import Settings
from heapwatch.detect.words import Clock
from heapwatch.errors import UsageError

COLUMNS = [
    Column("state", "STATE"),
    Column("class", "CLASS", elastic=True),
    Column("service", "SERVICE", rank=2),
    Column("kind", "KIND", rank=3),
    number("rate_per_s", "PER S", lambda rate: f"{rate:.3g}"),
    number("bytes_per_leak", "EACH", human.size, rank=2),
    Column("on", "HOSTS"),
    Column("from", "SINCE"),
    Column("full", "FULL IN", rank=1),
]

EPOCH = 1e9
"""Times above it are of the calendar; those below count from a recording's start."""


def leaks(
    path: Path | None = None,
    *,
    settings: Path | None = None,
    state: Literal["open", "suspect", "confirmed", "stopped", "fixed", "all"] = "open",
    acknowledge: Annotated[str | None, Parameter(metavar="ID")] = None,
    note: str = "",
    undo: bool = False,
    selection: Selection = EVERYTHING,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Say which classes leak: on the server, or in histograms on file.

    Without a path it asks the server, which judges every JVM all the time. With
    one it reads recordings and directories, files and archives of histograms, as
    `heapwatch import` takes them; each host and JVM by itself, and what they
    have in common.

    For example:

        heapwatch leaks
        heapwatch leaks --acknowledge 9f3c2a71d04be511 --note "in work"
        heapwatch leaks histos/
        heapwatch leaks recordings/ -o json | jq '.[].evidence'

    Exit code 1: something leaks.

    Parameters
    ----------
    path
        Where the histograms are.
    settings
        With a path: a TOML file whose [detect] changes thresholds.
    state
        On the server: which of them; open ones are suspect or confirmed.
    acknowledge
        On the server: tell the others that this leak is known.
    note
        Why, or who looks after it.
    undo
        Take the acknowledgement back.
    """
    if path is None:
        if settings is not None:
            raise UsageError("--settings is for histograms on file; the server has its own (setting detect)")
        if acknowledge is not None:
            return served_leaks.acknowledge(server, acknowledge, note, undo=undo)
        return served_leaks.show(server, selection, state, output.kind)
    if acknowledge is not None or state != "open" or selection.params():
        raise UsageError("--acknowledge, --state, --host, --jvm and --label ask the server: give no path")
    given = Settings.of_file(settings) if settings else Settings()
    judgements = [judge(history, given) for history in read(path)]
    found = [described(one) for one in findings(judgements, given)]
    rows = [{**one, "on": served_leaks.hosts(one), "full": _full(one), "from": _since(one)} for one in found]
    if found or output.kind != "table":
        write(COLUMNS, rows, output.kind, found, foot=["", *(one["sentence"] for one in found)])
    else:
        print(_nothing(judgements))
    return 1 if found else 0


def described(found: Finding) -> dict[str, Any]:
    """A finding as an object of JSON."""
    return objects.brief(found, moment, clock_of(found))


def moment(at: float) -> str | float:
    """RFC 3339, or seconds from the start of a recording that has no calendar."""
    if at < EPOCH:
        return round(at, 3)
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def clock_of(found: Finding) -> Clock:
    return calendar if found.leak.since.at > EPOCH else elapsed


def calendar(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def elapsed(moment: float) -> str:
    """Into the recording."""
    minutes, seconds = divmod(round(moment), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def _since(one: dict[str, Any]) -> str:
    since = one["since"]
    return elapsed(since) if isinstance(since, float) else calendar(datetime.fromisoformat(since).timestamp())


def _full(one: dict[str, Any]) -> str:
    end = one["exhaustion"]
    return human.duration(end["in_s"]) if end else human.NONE


def _nothing(judgements: list[Judgement]) -> str:
    open_ = [each for each in judgements if each.undecided]
    judged = len(judgements) - len(open_)
    said = f"Nothing leaks in {judged} JVM{'s' * (judged != 1)}." if judged else ""
    if open_:
        said += f" {len(open_)} cannot be judged yet: {_name(open_[0].history)} has {open_[0].undecided}."
    return said.strip()


def _name(history: History) -> str:
    return f"{history.service} on {history.host}"
