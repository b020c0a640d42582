"""`heapwatch import PATH…`"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Callable, Iterator, Literal

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli import delivery
from heapwatch.cli.archives import Bad, Inputs
from heapwatch.cli.delivery import Delivered
from heapwatch.cli.importing import Reader, Rules
from heapwatch.cli.importing_logs import LogRules
from heapwatch.cli.naming import Naming, Pattern, moment
from heapwatch.cli.options import SERVER, TABLE, Seconds, ServerOptions, TableOutput
from heapwatch.cli.output import Column, clean, number, write, write_json
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.model import Batch
from heapwatch.wire.messages import FirstLine

LISTED = 20
"""Bad files that are named one by one."""

_IDENTITY = "Identity"
_ONE = Parameter(group=_IDENTITY)


def imports(
    *paths: Annotated[str, Parameter(allow_leading_hyphen=True)],
    pattern: Annotated[str | None, _ONE] = None,
    host: Annotated[str | None, _ONE] = None,
    jvm: Annotated[str | None, _ONE] = None,
    pid: Annotated[int | None, _ONE] = None,
    time: Annotated[str | None, _ONE] = None,
    mode: Annotated[Literal["all", "live"] | None, _ONE] = None,
    label: Annotated[tuple[str, ...], Parameter(group=_IDENTITY, metavar="K=V", negative="")] = (),
    every: Annotated[Seconds | None, _ONE] = None,
    category: Annotated[str, _ONE] = "",
    as_: Annotated[Literal["auto", "histograms", "logs"], Parameter(name="--as")] = "auto",
    first_line: str = "",
    utc: Annotated[bool, _ONE] = False,
    dry_run: bool = False,
    data: Path | None = None,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Store histogram files of any JDK, GC logs and other logs.

    Takes what `jmap -histo`, `jcmd PID GC.class_histogram` and `jattach PID
    inspectheap` print, in files, folders, tar, zip, gz, xz and bz2, and many in
    one file. `-` is standard input. The time of a histogram is the line before
    it (`date` in a loop), else in the file's name, else the file's own date.
    Hosts and JVMs are named by flags, the pattern or the file's name. What is
    imported twice is stored once. What `heapwatch export` wrote says all of this
    itself.

    A file whose lines begin with times, a GC log, JSON lines and an export of
    log messages are stored as logs. The pauses of a GC log become the metrics
    jvm.gc.pause_ms and jvm.heap.after_gc, unless the JVM's agent sent them.

    For example:

        heapwatch import dumps.tar.gz --host shop1 --jvm shop --dry-run
        heapwatch import histos/ --pattern '{host}/{jvm}-{pid}-{time}.txt'
        jmap -histo 4711 | heapwatch import - --jvm shop --pid 4711
        heapwatch import gc.log* --host shop1 --jvm shop
        heapwatch import old/ --data /var/lib/heapwatch

    Exit code 1: some files were bad and are listed; the others are stored.

    Parameters
    ----------
    paths
        Files, folders, archives, or - for standard input.
    pattern
        What paths end with; {host} {jvm} {pid} {started} {time} {mode}, other {names} are labels.
    host
        Their host [else of the pattern, else this machine].
    jvm
        Their JVM's stable name [else of the pattern, else the rest of the file's name].
    pid
        Their process id [else of the pattern, the file's name or jcmd's first line].
    time
        Their time; with --every the first one's.
    mode
        With garbage, or after a full collection [else live when the name says so].
    label
        A label of all of them (repeatable).
    every
        Time between the histograms of one file that has no times in it.
    category
        Of log messages, their _sourceCategory [else jvm/gc or log].
    as_
        What the files are [else as they look].
    first_line
        Of logs: a pattern that the first line of a message has.
    utc
        Times without an offset are UTC, not local.
    dry_run
        Read and check everything, store nothing.
    data
        Store into this data folder directly; no server may run on it.
    """
    if not paths:
        raise UsageError("nothing to import: name files, folders or archives, or - for standard input")
    counters = _Counters()
    rules = Rules(
        Naming(host, jvm, pid, None, _moment(time, utc), mode, _labels(label)),
        Pattern(pattern, utc) if pattern else None,
        utc,
        every,
        as_,
        LogRules(category, _first_line(first_line), counters.seen),
    )
    inputs = Inputs(paths)
    reader = Reader(rules)
    with _progress(inputs, reader) as tick:
        batches = reader.batches(inputs)
        if dry_run:
            return _show_plan(batches, reader, output.kind)
        delivered = _deliver(batches, data, server, tick, counters)
    return _report(reader, delivered, output.kind)


class _Counters:
    """Whether a JVM's counters are in the store already; asked once a JVM."""

    def __init__(self) -> None:
        self.ask: Callable[[str, str], Any] = lambda _host, _jvm: {"metrics": []}
        self._known: dict[tuple[str, str], bool] = {}

    def seen(self, host: str, jvm: str) -> bool:
        if (host, jvm) not in self._known:
            try:
                found = self.ask(re.sub(r"([*?[])", r"[\1]", host), re.sub(r"([*?[])", r"[\1]", jvm))
            except HeapwatchError:  # nothing is known of it
                found = {"metrics": []}
            self._known[host, jvm] = any(each["metric"] == "jvm.gc.count" for each in found["metrics"])
        return self._known[host, jvm]


def _deliver(
    batches: Iterator[Batch],
    data: Path | None,
    server: ServerOptions,
    tick: Callable[[Delivered], None],
    counters: _Counters,
) -> Delivered:
    if data is None:
        from heapwatch.cli.client import Client

        with Client(server) as client:
            client.get("/api/v1/whoami")  # no server, wrong token: said before the first file is read
            counters.ask = lambda host, jvm: client.get("/api/v1/metrics", {"host": host, "jvm": jvm})
            return delivery.to_server(client, batches, tick)
    from heapwatch.cli.folder import opened

    with opened(data) as store:
        counters.ask = lambda host, jvm: store.metric_names(host=host, jvm=jvm)
        return delivery.to_store(store, batches, tick)


def _show_plan(batches: Iterator[Batch], reader: Reader, kind: str) -> int:
    rows = [
        {
            "time": snapshot.time,
            "host": snapshot.jvm.host,
            "jvm": snapshot.jvm.jvm,
            "pid": snapshot.jvm.pid,
            "mode": snapshot.mode,
            "classes": len(snapshot.histogram),
            "instances": snapshot.histogram.total_instances,
            "bytes": snapshot.histogram.total_bytes,
        }
        for batch in batches
        for snapshot in batch.snapshots
    ]
    columns = [
        Column("time", "TIME", human.moment),
        Column("host", "HOST", elastic=True),
        Column("jvm", "JVM", elastic=True),
        number("pid", "PID", str),
        Column("mode", "MODE", rank=2),
        number("classes", "CLASSES", human.count, rank=1),
        number("instances", "INSTANCES", human.count),
        number("bytes", "BYTES", human.size),
    ]
    write(columns, rows, kind, foot=["", f"{_read(reader)}; nothing stored (dry run)"])
    _list_bad(reader.counts.bad)
    return 1 if reader.counts.bad else 0


def _report(reader: Reader, delivered: Delivered, kind: str) -> int:
    counts = reader.counts
    bad = [*counts.bad, *(Bad(_title(batch), reason) for batch, reason in delivered.refused)]
    if kind == "json":
        write_json(
            {
                "files": counts.files,
                "histograms": counts.histograms,
                "messages": counts.messages,
                "class_rows": counts.rows,
                "stored": delivered.stored,
                "stored_before": delivered.known,
                "without_histogram": counts.ignored,
                "bad": [{"name": each.name, "reason": each.reason} for each in bad],
            }
        )
    else:
        print(f"{_read(reader)}: {delivered.stored:,} stored, {delivered.known:,} stored before")
        _list_bad(bad)
    return 1 if bad else 0


def _read(reader: Reader) -> str:
    counts = reader.counts
    ignored = f", {human.plural(counts.ignored, 'file')} without one" if counts.ignored else ""
    found, rows = human.plural(counts.histograms, "histogram"), human.plural(counts.rows, "row")
    messages = f"{human.plural(counts.messages, 'log message')}" if counts.messages else ""
    told = f"{found} ({rows})" if counts.histograms or not messages else ""
    what = " and ".join(part for part in (told, messages) if part)
    return f"{what} in {human.plural(counts.files, 'file')}{ignored}"


def _list_bad(bad: list[Bad]) -> None:
    for each in bad[:LISTED]:
        print(f"bad: {clean(each.name)}: {clean(each.reason)}", file=sys.stderr)
    if len(bad) > LISTED:
        print(f"bad: and {len(bad) - LISTED:,} more (all with -o json)", file=sys.stderr)


def _title(batch: Batch) -> str:
    if batch.snapshots:
        snapshot = batch.snapshots[0]
        return f"{snapshot.jvm.host}/{snapshot.jvm.jvm} at {human.iso(snapshot.time)}"
    for block in batch.logs:
        return f"{block.labels.get('_sourceName', 'messages')} at {human.iso(block.times[0])}"
    return batch.agent


def _first_line(pattern: str) -> FirstLine | None:
    if not pattern:
        return None
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--first-line {pattern!r} is no pattern: {error}") from error


def _moment(text: str | None, utc: bool) -> int | None:
    at = moment(text, utc) if text else None
    if text and at is None:
        raise UsageError(f"--time {text!r}: write 2026-11-22T10:15:03Z or an epoch")
    return at


def _labels(pairs: tuple[str, ...]) -> dict[str, str]:
    labels = dict(pair.partition("=")[::2] for pair in pairs)
    if "" in labels or not all("=" in pair for pair in pairs):
        raise UsageError("--label: write name=value")
    return labels


@contextmanager
def _progress(inputs: Inputs, reader: Reader) -> Iterator[Callable[[Delivered], None]]:
    """A bar on a terminal's stderr, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns: list[Any] = [
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.description}"),
    ]
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=inputs.total or None)

        def tick(delivered: Delivered) -> None:
            told = f"{delivered.stored + delivered.known:,} of {reader.counts.histograms:,} histograms"
            bar.update(task, completed=inputs.done, description=f"{told}, {len(reader.counts.bad):,} bad")

        yield tick
