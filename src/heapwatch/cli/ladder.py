"""The steps of a diagnosis, each taken only when it may be, and what each found."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator

from heapwatch import human
from heapwatch.cli.diagnosed import Diagnosed
from heapwatch.cli.offline import document_of, text_of
from heapwatch.cli.output import clean
from heapwatch.errors import HeapwatchError
from heapwatch.jvm import heapdump, histogram, hprof
from heapwatch.model import Histogram

KINDS = ("jfr", "live", "heap-dump")
CHEAP = ("heap_info", "thread_dump", "classloader_stats", "finalizer_info", "native_memory")
PLUMBING = ("java.", "javax.", "jdk.", "sun.", "com.sun.", "scala.", "kotlin.")
GARBAGE = "not confirmed: it may be garbage that no collection has met yet; allow live or jfr to know"
UNSEEN = "not confirmed: no step has seen that it stays; take more --seconds, or allow live"

Row = dict[str, Any]


class Ladder:
    """The steps taken, what each found, and the suspect once there is one."""

    def __init__(self, jvm: Diagnosed, suspect: str, seconds: float, max_pause: float) -> None:
        self.jvm, self.suspect, self.seconds, self.max_pause = jvm, suspect, seconds, max_pause
        self._named = bool(suspect)
        self.rows: list[Row] = []
        self.growth: list[Row] = []
        self.holders: dict[str, Any] = {}
        self.confirmed_by: list[str] = []
        self._allowed: list[str] = []
        self._texts: list[str] = []

    def climb(self, allowed: list[str], yes: bool, keep: str) -> None:
        self._allowed = allowed
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
            lines += [f"suspect: {self.suspect}", f"  {self.doubt() or self._sureness()}"]
        lines += [
            f"  {human.count_change(row['delta_instances']):>10} objects  "
            f"{human.size_change(row['delta_bytes']):>10}  {row['class']}"
            for row in self.growth[:6]
        ]
        if not self.suspect:
            lines.append("nothing has grown in this time: watch longer (--seconds), or name a --suspect")
        return [*lines, *self._texts]

    def doubt(self) -> str:
        """Why the suspect may be none; "" when a step has seen that its objects stay."""
        if not self.suspect or self.confirmed_by:
            return ""
        return UNSEEN if self._allowed else GARBAGE

    def _sureness(self) -> str:
        return f"confirmed by {', '.join(self.confirmed_by)}: its objects stay"

    def _do(self, step: int, name: str, options: dict[str, Any], found: Callable[[Row], str]) -> Row | None:
        """One step; what is refused or fails is told, and the next one is taken."""
        given = {"max_pause_ms": self.max_pause, **options}
        row: Row = {"step": step, "operation": name}
        self.rows.append(row)
        try:
            expected = self.jvm.predicted_ms(name, given)
            if expected is not None:
                row["predicted_pause_ms"] = round(expected, 3)
                _say(f"{name}: may stop the JVM for {human.milliseconds(expected)}")
            answer = self.jvm.carry_out(name, given)
        except HeapwatchError as error:
            row["found"] = row["error"] = str(error)
            return None
        row.update({key: answer[key] for key in ("predicted_pause_ms", "pause_ms", "duration_ms")})
        row["found"] = found(answer)
        row["answer"] = {key: value for key, value in answer.items() if key != "text"}
        return answer

    def _free(self) -> None:
        known = self.jvm.counters()
        heap, rss = known["heap"], known["rss"]
        words = [f"heap {human.size(heap.get('heap_used'))} of {human.size(heap.get('heap_max'))}"]
        words += [] if rss is None else [f"process {human.size(rss)}"]
        words += [f"{human.count(heap['threads'])} threads"] if "threads" in heap else []
        row = {"step": 0, "operation": "counters", "predicted_pause_ms": 0.0, "pause_ms": 0.0}
        self.rows.append({**row, "found": ", ".join(words), "answer": known})

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
            self.suspect = _suspect(growth, self.jvm.target.command)

    def _confirmed(self, answer: Row) -> str:
        found = histogram.parse(answer["text"])
        alive = dict(zip(found.classes, found.instances))
        self.growth = [row for row in self.growth if alive.get(row["class"], 0) >= row["delta_instances"]]
        self._suspect_one_of(self.growth)
        if not self.growth and not self._named:
            self.suspect = ""
            return "what grew was garbage"
        if self.suspect not in found.classes:
            return f"no object of {self.suspect} is alive"
        self.confirmed_by.append("live")
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
        if any(group["root"] for group in on):
            self.confirmed_by.append("jfr")
        self._texts += ["", "by the recording, held from a root:", *answer["text"].splitlines()]
        return (
            f"{answer['samples']} objects that stayed, {sum(g['objects'] for g in on)} by way of the suspect"
        )

    def _dump(self, yes: bool, keep: str) -> None:
        row = {"step": 5, "operation": "heap_dump"}
        try:
            allowed = yes or self._leave()
        except HeapwatchError as error:
            self.rows.append({**row, "found": str(error), "error": str(error)})
            return
        if not allowed:
            self.rows.append({**row, "found": "not taken"})
            self._texts.append("heap dump not taken: say --yes-heap-dump if it may be")
            return
        with tempfile.TemporaryDirectory() as folder:  # nobody else can look into it
            options = {"path": keep or f"{folder}/heap.hprof", "approved_by": "the command line"}
            answer = self._do(5, "heap_dump", {**options, "max_pause_ms": float("inf")}, self._read)
        if answer is not None:
            kept = f"kept in {answer['path']}, mode 0600; {heapdump.WARNING}" if keep else "deleted"
            self._texts += ["", f"the heap dump ({human.size(answer['bytes'])}) is {kept}"]

    def _read(self, answer: Row) -> str:
        size = human.size(answer["bytes"])
        if not self.suspect:
            return f"{size}; no suspect to look for"
        try:
            found = hprof.scan(answer["path"], self.suspect)
        except HeapwatchError as error:
            return f"{size}; {error}"
        self.holders["heap_dump"] = document_of(found)
        if found.ways:
            self.confirmed_by.append("heap-dump")
        self._texts += text_of(found, self.suspect)
        return f"{size}; {human.count(found.suspects)} objects of the suspect"

    def _leave(self) -> bool:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        expected = self.jvm.predicted_ms("heap_dump", {})
        told = f"A heap dump may stop {self.jvm.target.name} for {human.milliseconds(expected)}"
        print(f"{told}; {heapdump.WARNING}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextmanager
def leaving_in_order() -> Iterator[None]:
    """Within the block a signal to end is an exit: what lies here and at the JVM is deleted on its way."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
