"""Hosts without a Python: the JDK's own jcmd, by two small shell scripts.

    @jvm 4711 /opt/jdk/bin/jcmd          the first tells the JVMs and what they say for free; a line that
    @counters                            begins with a space was read, any other is the script's own
     sun.rt.safepointTime=1821720

    @histogram 4711                      the second asks those whose pause is within the limits

The pause is the difference of the counters read before and after: an upper bound, as other safepoints may
have been between them.
"""

from __future__ import annotations

import shlex
import time
from array import array
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Mapping, Sequence

from heapwatch.errors import HeapwatchError
from heapwatch.fleet.asked import LOOK, Asked
from heapwatch.fleet.doors import Door, stoppable
from heapwatch.fleet.hosts import Host
from heapwatch.fleet.results import BAD_ANSWER, FAILED, OK, HostFailed, JvmResult
from heapwatch.jvm import process
from heapwatch.jvm.budget import PauseBudget
from heapwatch.jvm.counters import Plan, Raw, collector_name, safepoint_ms
from heapwatch.jvm.histogram import decode, parse
from heapwatch.jvm.naming import command_of, labels_of, options_of, service_name
from heapwatch.model import ALL, LIVE, Batch, Histogram, JvmId, MetricBlock, Snapshot

_MISSING = 95  # the first script's exit code where there is no jcmd

_LIST = """
default=$(command -v jcmd 2>/dev/null)
[ -n "$default" ] || [ ! -x "$JAVA_HOME/bin/jcmd" ] || default=$JAVA_HOME/bin/jcmd
sed -n 's/^btime /@btime /p' /proc/stat
found=
for each in /proc/[0-9]*; do
  exe=$(readlink "$each/exe" 2>/dev/null) || continue
  exe=${exe% (deleted)}
  case $exe in */java) ;; *) continue ;; esac
  tool=${exe%/java}/jcmd
  [ -x "$tool" ] || tool=$default
  [ -n "$tool" ] || continue
  found=1
  pid=${each#/proc/}
  echo "@jvm $pid $tool"
  echo "@owner $(stat -c %U "$each" 2>/dev/null)"
  sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/@rss \\1/p' "$each/status" 2>/dev/null
  echo @stat; sed 's/^/ /' "$each/stat"
  echo @command; tr '\\0\\n' '\\n ' <"$each/cmdline" | sed 's/^/ /'; echo
  echo @environment; tr '\\0\\n' '\\n ' <"$each/environ" 2>/dev/null |
    grep -E '^(OTEL_SERVICE_NAME|OTEL_RESOURCE_ATTRIBUTES|HEAPWATCH_LABELS|JAVA_TOOL_OPTIONS)=' |
    sed 's/^/ /'
  echo @counters; "$tool" "$pid" PerfCounter.print 2>&1 | sed 's/^/ /'
done
[ -n "$found$default" ] || exit 95
echo @end
"""

_ASK = """
echo "@histogram {pid}"; {tool} {pid} GC.class_histogram {flag} 2>&1 | sed 's/^/ /'
echo @counters; {tool} {pid} PerfCounter.print 2>&1 | sed 's/^/ /'
"""


@dataclass
class Jvm:
    """What the first script read of one process."""

    pid: int
    tool: str
    owner: str = ""
    rss: int = 0
    sections: dict[str, list[str]] = field(default_factory=dict)

    def name(self) -> str:
        variables = self.variables()
        return service_name(self.command(), self.options(), variables, None, "java")

    def command(self) -> str:
        return str(self.counters().get("sun.rt.javaCommand") or command_of(self.sections.get("command", [])))

    def options(self) -> list[str]:
        vm_args = str(self.counters().get("java.rt.vmArgs", ""))
        return options_of(self.sections.get("command", [""]), vm_args, self.variables())

    def variables(self) -> dict[str, str]:
        pairs = [line.partition("=") for line in self.sections.get("environment", [])]
        return {name: value for name, _, value in pairs}

    def counters(self) -> Raw:
        return read_counters(self.sections.get("counters", []))

    def started(self, boot_ms: int) -> int:
        fields = "".join(self.sections.get("stat", [])).rpartition(")")[2].split()
        if len(fields) < 20 or not fields[19].isdigit():
            raise HostFailed(BAD_ANSWER, f"no start time of process {self.pid}")
        return process.started_ms(int(fields[19]), boot_ms)


async def visit(door: Door, host: Host, asked: Asked, known: Mapping[str, Any]) -> list[JvmResult] | None:
    """What came of each JVM; None when there is no jcmd either."""
    listed = await find(door, host, asked.most)
    if listed is None:
        return None
    boot_ms, found = listed
    visits = [_Visit(jvm, host, asked, boot_ms) for jvm in found]
    visits = [each for each in visits if each.is_wanted()]
    results = [each.decided(known) for each in visits]
    todo = [each for each, result in zip(visits, results, strict=True) if result.outcome == OK]
    if asked.do == LOOK or not todo:
        return results
    flag = "" if asked.mode == LIVE else "-all"
    script = "".join(
        _ASK.format(pid=each.jvm.pid, tool=shlex.quote(each.jvm.tool), flag=flag) for each in todo
    )
    done = await door.run(host.as_user(stoppable(["sh", "-c", f"{script}\necho @end\n"])), b"", asked.most)
    answers = _answers(decode(done.out))
    now_ms = int(time.time() * 1000)
    taken = {each.jvm.pid: each.taken(*answers.get(each.jvm.pid, ([], [])), now_ms) for each in todo}
    return [taken.get(result.pid, result) for result in results]


async def find(door: Door, host: Host, most: int) -> tuple[int, list[Jvm]] | None:
    """When the host booted, and its JVMs with what they say for free; None when there is no jcmd."""
    done = await door.run(host.as_user(stoppable(["sh", "-c", _LIST])), b"", most)
    if done.code == _MISSING:
        return None
    if done.code != 0:
        raise HostFailed(FAILED, done.errors[-300:] or f"its shell ended with exit code {done.code}")
    return _listed(decode(done.out))


class _Visit:
    """One JVM: whether to ask it, and what its answer is worth."""

    def __init__(self, jvm: Jvm, host: Host, asked: Asked, boot_ms: int) -> None:
        self.jvm = jvm
        self._host = host
        self._asked = asked
        self._raw = jvm.counters()
        self._plan = Plan(self._raw)
        self._collector = collector_name(self._raw)
        self._java = str(self._raw.get("java.property.java.version", ""))
        self._result = JvmResult(
            jvm.pid,
            jvm.name(),
            user=jvm.owner,
            java=self._java,
            collector=self._collector,
            started=jvm.started(boot_ms),
        )

    def is_wanted(self) -> bool:
        name, pid, patterns = self._result.name, str(self.jvm.pid), self._asked.jvms
        if self._host.jvms and not any(fnmatchcase(name, each) for each in self._host.jvms):
            return False
        return not patterns or any(each == pid or fnmatchcase(name, each) for each in patterns)

    def decided(self, known: Mapping[str, Any]) -> JvmResult:
        """What a histogram would cost, and whether that is allowed."""
        heap = self._plan.heap_counters(self._raw)
        used, limits = heap.get("heap_used") or self.jvm.rss or None, self._asked.limits
        budget = PauseBudget(limits, self._collector, self._asked.mode, self._java)
        told = known.get(f"{self._result.pid}-{self._result.started}", {})
        if "pause_ms" in told:
            budget.visited(0.0, float(told["pause_ms"]), told.get("used"))
        expected = budget.prediction_ms(used)
        self._result = replace(
            self._result,
            heap_used=int(used) if used is not None else None,
            heap_max=int(heap["heap_max"]) if "heap_max" in heap else None,
            predicted_ms=expected,
        )
        why = "its pause budget is used up" if told.get("early") and self._asked.do != LOOK else ""
        if expected > limits.max_pause_ms:
            why = f"a pause of {expected:.0f} ms is expected, {limits.max_pause_ms:.0f} ms are allowed"
        if why and self._asked.do != LOOK:
            return replace(self._result, outcome="put-off", why=why)
        return self._result

    def taken(self, lines: Sequence[str], after: Sequence[str], now_ms: int) -> JvmResult:
        """The histogram that jcmd printed, or why it is none."""
        try:
            found = parse("\n".join(lines))
        except HeapwatchError as error:
            said = next((line.strip() for line in reversed(lines) if line.strip()), str(error))
            return replace(self._result, outcome="refused", why=said[:300])
        pause = self._pause(read_counters(after))
        return replace(
            self._result,
            pause_ms=pause,
            classes=len(found),
            instances=found.total_instances,
            bytes=found.total_bytes,
            batch=self._batch(found, pause, now_ms),
        )

    def _pause(self, after: Raw) -> float | None:
        start, end = safepoint_ms(self._raw), safepoint_ms(after)
        if start is None or end is None:
            return None
        stood = self._plan.stood_for_collections_ms
        own = stood(after) - stood(self._raw) if self._asked.mode == ALL else 0.0
        return max(0.0, end - start - max(0.0, own))

    def _batch(self, found: Histogram, pause: float | None, now_ms: int) -> Batch:
        result = self._result
        facts = {
            "java": self._java,
            "collector": self._collector,
            "user": result.user,
            "command": self.jvm.command().split(" ", 1)[0][:300],
        }
        own = labels_of(self.jvm.options(), self.jvm.variables())
        labels = {name: value for name, value in {**self._host.labels, **own, **facts}.items() if value}
        jvm = JvmId(self._host.name, result.name, result.pid, result.started)
        heap = self._plan.heap_counters(self._raw)
        snapshot = Snapshot(jvm, now_ms, self._asked.mode, found, pause, None, heap, labels)
        values = {name: array("d", [value]) for name, value in self._plan.metrics(self._raw).items()}
        series = {"host": jvm.host, "jvm": jvm.jvm, "pid": str(jvm.pid), "started": str(jvm.started)}
        block = MetricBlock({**series, **labels}, array("q", [now_ms]), values)
        return Batch(self._asked.agent, 0, [snapshot], [block] if values else [])


def _listed(text: str) -> tuple[int, list[Jvm]]:
    """When the host booted, and its JVMs."""
    boot_ms, found = 0, list[Jvm]()
    section: list[str] = []
    lines = text.split("\n")
    if "@end" not in lines:
        raise HostFailed(BAD_ANSWER, "what its shell said ends before its end")
    for line in lines:
        word, _, rest = line.partition(" ")
        if line.startswith(" "):
            section.append(line[1:])
        elif word == "@btime" and rest.isdigit():
            boot_ms = int(rest) * 1000
        elif word == "@jvm":
            pid, _, tool = rest.partition(" ")
            if not pid.isdigit() or not tool:
                raise HostFailed(BAD_ANSWER, f"not a process and its jcmd: {line[:60]!r}")
            found.append(Jvm(int(pid), tool))
        elif word == "@owner" and found:
            found[-1].owner = rest
        elif word == "@rss" and found and rest.isdigit():
            found[-1].rss = int(rest) * 1024
        elif word.startswith("@") and found:
            section = found[-1].sections[word[1:]] = []
    return boot_ms, found


def _answers(text: str) -> dict[int, tuple[list[str], list[str]]]:
    """By process: the lines of its histogram, and of its counters afterwards."""
    found: dict[int, tuple[list[str], list[str]]] = {}
    section: list[str] = []
    newest: tuple[list[str], list[str]] = ([], [])
    for line in text.split("\n"):
        word, _, rest = line.partition(" ")
        if line.startswith(" "):
            section.append(line[1:])
        elif word == "@histogram" and rest.isdigit():
            newest = found[int(rest)] = ([], [])
            section = newest[0]
        elif word == "@counters":
            section = newest[1]
    return found


def read_counters(lines: Sequence[str]) -> dict[str, int | str]:
    """`name=12` and `name="text"`, as `jcmd PID PerfCounter.print` prints them."""
    found: dict[str, int | str] = {}
    for line in lines:
        name, _, value = line.partition("=")
        if value.startswith('"'):
            found[name] = value[1:-1]
        elif value.lstrip("-").isdigit():
            found[name] = int(value)
    return found
