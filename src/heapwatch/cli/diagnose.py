"""`heapwatch diagnose PID|NAME`: from what costs nothing to what a person must allow, step by step."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any, Callable

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli import complete
from heapwatch.cli.offline import document_of, text_of
from heapwatch.cli.options import TABLE, Seconds, TableOutput
from heapwatch.cli.output import Column, clean, number, write
from heapwatch.cli.visit import MAX_PAUSE_MS
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.jvm import heapdump, histogram, hprof, operations, process
from heapwatch.jvm.discover import find
from heapwatch.jvm.session import Session
from heapwatch.model import Histogram

KINDS = ("jfr", "live", "heap-dump")
CHEAP = ("heap_info", "thread_dump", "classloader_stats", "finalizer_info", "native_memory")
PLUMBING = ("java.", "javax.", "jdk.", "sun.", "com.sun.", "scala.", "kotlin.")

COLUMNS = [
    number("step", "", str),
    Column("operation", "OPERATION"),
    number("predicted_pause_ms", "MAY STOP", human.milliseconds),
    number("pause_ms", "STOPPED", human.milliseconds),
    number("duration_ms", "TOOK", human.milliseconds),
    Column("found", "FOUND", elastic=True),
]

Row = dict[str, Any]


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
    output: TableOutput = TABLE,
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
        heapwatch diagnose shop --json | jq '.suspect'

    Parameters
    ----------
    jvm
        Process id, name, or a part of the name that fits no other.
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
        Where to keep the heap dump; else it is deleted once it is read.
    """
    allowed = [word for word in allow.split(",") if word and word != "none"]
    for word in allowed:
        if word not in KINDS:
            raise UsageError(f"--allow is made of {', '.join(KINDS)}, or none; not {word!r}")
    with Session(find(jvm)) as session:
        ladder = Ladder(session, suspect, seconds, max_pause)
        ladder.climb(allowed, yes_heap_dump, keep)
    target = session.target
    document = {
        "jvm": target.name,
        "pid": target.pid,
        "java_version": target.java_version,
        "collector": target.collector,
        "suspect": ladder.suspect or None,
        "growth": ladder.growth,
        "steps": ladder.rows,
        "holders": ladder.holders,
    }
    head = [f"{target.name} ({target.pid})  Java {target.java_version}  {target.collector}", ""]
    shown = [{column.key: row.get(column.key) for column in COLUMNS} for row in ladder.rows]
    write(COLUMNS, shown, output.kind, document, head, ladder.foot())
    return 0


class Ladder:
    """The steps taken, what each found, and the suspect once there is one."""

    def __init__(self, session: Session, suspect: str, seconds: float, max_pause: float) -> None:
        self.session, self.suspect, self.seconds, self.max_pause = session, suspect, seconds, max_pause
        self._named = bool(suspect)
        self.rows: list[Row] = []
        self.growth: list[Row] = []
        self.holders: dict[str, Any] = {}
        self._texts: list[str] = []

    def climb(self, allowed: list[str], yes: bool, keep: str) -> None:
        self._free()
        for name in CHEAP:
            self._do(1, name, {}, _FOUND[name])
        self._grow()
        if "live" in allowed:
            self._do(3, "histogram", {"mode": "live"}, self._confirmed)
        if "jfr" in allowed:
            self._do(4, "jfr", {"seconds": self.seconds}, self._recorded)
        if "heap-dump" in allowed:
            self._dump(yes, keep)

    def foot(self) -> list[str]:
        lines = [""]
        if self.suspect:
            lines.append(f"suspect: {self.suspect}")
        lines += [
            f"  {human.count_change(row['delta_instances']):>10} objects  "
            f"{human.size_change(row['delta_bytes']):>10}  {row['class']}"
            for row in self.growth[:6]
        ]
        if not self.suspect:
            lines.append("nothing has grown in this time: watch longer (--seconds), or name a --suspect")
        return [*lines, *self._texts]

    def _do(self, step: int, name: str, options: dict[str, Any], found: Callable[[Row], str]) -> Row | None:
        """One step; what is refused or fails is told, and the next one is taken."""
        given = {"max_pause_ms": self.max_pause, **options}
        row: Row = {"step": step, "operation": name}
        self.rows.append(row)
        try:
            row["predicted_pause_ms"] = round(operations.predicted_ms(self.session, name, given), 3)
            _say(f"{name}: may stop the JVM for {human.milliseconds(row['predicted_pause_ms'])}")
            answer = operations.carry_out(self.session, name, given)
        except HeapwatchError as error:
            row["found"] = row["error"] = str(error)
            return None
        row.update({key: answer[key] for key in ("pause_ms", "duration_ms")})
        row["found"] = found(answer)
        row["answer"] = {key: value for key, value in answer.items() if key != "text"}
        return answer

    def _free(self) -> None:
        heap = self.session.heap()
        rss = process.status(self.session.target.pid).rss
        words = [f"heap {human.size(heap.get('heap_used'))} of {human.size(heap.get('heap_max'))}"]
        words += [f"process {human.size(rss)}", f"{human.count(heap.get('threads'))} threads"]
        row = {"step": 0, "operation": "counters", "predicted_pause_ms": 0.0, "pause_ms": 0.0}
        self.rows.append({**row, "found": ", ".join(words), "answer": {"heap": heap, "rss": rss}})

    def _grow(self) -> None:
        first = self._do(2, "histogram", {}, _counted)
        if first is None:
            return
        time.sleep(self.seconds)
        second = self._do(2, "histogram", {}, _counted)
        if second is None:
            return
        before, after = histogram.parse(first["text"]), histogram.parse(second["text"])
        self.growth = _grown(before, after)
        self._suspect_one_of(self.growth)

    def _suspect_one_of(self, growth: list[Row]) -> None:
        """Garbage grows too, until it is collected: later steps know better than the first ones."""
        if growth and not self._named:
            self.suspect = _suspect(growth, self.session.target.command)

    def _confirmed(self, answer: Row) -> str:
        found = histogram.parse(answer["text"])
        alive = dict(zip(found.classes, found.instances))
        self.growth = [row for row in self.growth if alive.get(row["class"], 0) >= row["delta_instances"]]
        self._suspect_one_of(self.growth)
        if self.suspect not in found.classes:
            return f"no object of {self.suspect or 'a suspect'} is alive"
        return f"{human.count(found.instances[found.classes.index(self.suspect)])} {self.suspect} are alive"

    def _recorded(self, answer: Row) -> str:
        groups = answer["groups"]
        holding = {step["holder"] for group in groups if group["root"] for step in group["chain"]}
        self._suspect_one_of([row for row in self.growth if row["class"] in holding])
        on = [
            group
            for group in groups
            if self.suspect in [s["holder"] for s in group["chain"]] + [group["class"]]
        ]
        self.holders["jfr"] = on or groups
        self._texts += ["", "by the recording, held from a root:", *answer["text"].splitlines()]
        return (
            f"{answer['samples']} objects that stayed, {sum(g['objects'] for g in on)} by way of the suspect"
        )

    def _dump(self, yes: bool, keep: str) -> None:
        if not yes and not self._leave():
            row = {"step": 5, "operation": "heap_dump"}
            self.rows.append({**row, "found": "not taken: say --yes-heap-dump if it may be"})
            return
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            options = {"path": keep or f"{folder}/heap.hprof", "approved_by": "the command line"}
            self._do(5, "heap_dump", {**options, "max_pause_ms": float("inf")}, self._read)

    def _read(self, answer: Row) -> str:
        size = human.size(answer["bytes"])
        if not self.suspect:
            return f"{size}; no suspect to look for"
        try:
            found = hprof.scan(answer["path"], self.suspect)
        except HeapwatchError as error:
            return f"{size}; {error}"
        self.holders["heap_dump"] = document_of(found)
        self._texts += text_of(found, self.suspect)
        return f"{size}; {human.count(found.suspects)} objects of the suspect"

    def _leave(self) -> bool:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        expected = operations.predicted_ms(self.session, "heap_dump", {})
        told = f"A heap dump may stop {self.session.target.name} for {human.milliseconds(expected)}"
        print(f"{told}; {heapdump.WARNING}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(clean(text), file=sys.stderr)


def _grown(before: Histogram, after: Histogram) -> list[Row]:
    """Classes with more objects than before, those with most new bytes first."""
    old = dict(zip(before.classes, zip(before.instances, before.bytes)))
    rows = []
    for name, instances, size in zip(after.classes, after.instances, after.bytes):
        had, held = old.get(name, (0, 0))
        if instances > had and size > held:
            rows.append({"class": name, "delta_instances": instances - had, "delta_bytes": size - held})
    return sorted(rows, key=lambda row: -row["delta_bytes"])


def _suspect(growth: list[Row], command: str) -> str:
    """The application's own class that grows most; of others only where none of its own does."""
    main = command.split(" ", 1)[0]
    own = main.rpartition(".")[0] + "." if "." in main else ""

    def rank(row: Row) -> tuple[bool, bool, int]:
        name = row["class"]
        plumbing = name.startswith(PLUMBING) or name.endswith("[]") or "$$Lambda" in name
        return (bool(own) and name.startswith(own) and not plumbing, not plumbing, row["delta_bytes"])

    return str(max(growth, key=rank)["class"])


def _counted(answer: Row) -> str:
    return f"{human.count(answer['instances'])} objects, {human.size(answer['bytes'])} with garbage"


def _threads(answer: Row) -> str:
    groups = [f"{group['threads']} {group['name']}" for group in answer["groups"][:3]]
    dead = f", {answer['deadlocks']} deadlocks" if answer["deadlocks"] else ""
    return f"{answer['java']} threads: {', '.join(groups)}{dead}"


def _native(answer: Row) -> str:
    if not answer["enabled"]:
        return "not counted (-XX:NativeMemoryTracking=summary counts it)"
    return f"{human.size(answer['committed'])} committed"


def _spaces(answer: Row) -> str:
    return ", ".join(f"{name} {human.size(each.get('used'))}" for name, each in answer["spaces"].items())


_FOUND: dict[str, Callable[[Row], str]] = {
    "heap_info": _spaces,
    "thread_dump": _threads,
    "classloader_stats": lambda answer: f"{answer['loaders']} loaders with {answer['classes']:,} classes",
    "finalizer_info": lambda answer: f"{answer['waiting']} objects wait for their finalizer",
    "native_memory": _native,
}
