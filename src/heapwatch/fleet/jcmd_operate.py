"""Operations on hosts without a Python: what is one diagnostic command is asked by the JDK's own jcmd.

 4711:                       what jcmd prints, a space before each line
 Server VM version 25+36
 heapwatch-code=0            how it ended
@counters                    the JVM's counters afterwards, for the pause
 sun.rt.safepointTime=1821720
"""

from __future__ import annotations

import shlex
import time
from typing import Any, Mapping

from heapwatch.errors import Refused, UsageError
from heapwatch.fleet import jcmd
from heapwatch.fleet.doors import MOST, Door, stoppable
from heapwatch.fleet.hosts import Host
from heapwatch.fleet.results import BAD_ANSWER, HostFailed
from heapwatch.jvm import operations
from heapwatch.jvm.commands import COMMANDS
from heapwatch.jvm.counters import Plan, collector_name, safepoint_ms
from heapwatch.jvm.histogram import decode

_CODE = "heapwatch-code="

_ASK = """
{{ {tool} {pid} {words} 2>&1; printf '\\n{code}%s\\n' "$?"; }} | sed 's/^/ /'
echo @counters; {tool} {pid} PerfCounter.print 2>&1 | sed 's/^/ /'
echo @end
"""


async def operate(
    door: Door, host: Host, jvm: str, operation: str, options: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The answer as jvm/operations.py has it; None when there is no jcmd, Refused when it cannot be had."""
    most = _allowed(host, operation, options)
    listed = await jcmd.find(door, host, MOST)
    if listed is None:
        return None
    boot_ms, found = listed
    one = _one(host, jvm, found)
    one.started(boot_ms)  # a process that ended meanwhile has none
    before = one.counters()
    plan, command = Plan(before), COMMANDS[operation]
    expected = command.stands(plan.heap_counters(before))
    if expected > most:
        raise Refused(
            f"{host.name}: {operation} may stop {one.name()} ({one.pid}) for {expected:.0f} ms, "
            f"{most:.0f} ms are allowed (max_pause_ms); nothing was done"
        )
    more = {"heap": plan.heap_counters(before)} if operation == "heap_info" else {}
    script = _ASK.format(tool=shlex.quote(one.tool), pid=one.pid, words=command.words, code=_CODE)
    began_at, began = int(time.time() * 1000), time.monotonic()
    done = await door.run(host.as_user(stoppable(["sh", "-c", script])))
    took = time.monotonic() - began
    text, after = _said(host, one, decode(done.out))
    start, end = safepoint_ms(before), safepoint_ms(after)
    return {
        "operation": operation,
        "pid": one.pid,
        "jvm": one.name(),
        "java_version": str(before.get("java.property.java.version", "")),
        "collector": collector_name(before),
        "time": began_at,
        "predicted_pause_ms": round(expected, 3),
        "pause_ms": None if start is None or end is None else round(max(0.0, end - start), 3),
        "duration_ms": round(took * 1000, 3),
        "asked": "jcmd",
        "text": text,
        **command.read(text),
        **more,
    }


def _allowed(host: Host, operation: str, options: Mapping[str, Any]) -> float:
    """The longest pause that is allowed, for what jcmd can be asked."""
    try:
        _, given = operations.chosen(operation, options)
    except UsageError as error:
        raise Refused(f"{host.name}: {error}") from error
    if operation not in COMMANDS:
        raise Refused(
            f"{host.name}: {operation} takes Python 3.9 or newer there; its jcmd is asked only for "
            f"{', '.join(COMMANDS)}"
        )
    return float(given["max_pause_ms"])


def _one(host: Host, wanted: str, found: list[jcmd.Jvm]) -> jcmd.Jvm:
    """The JVM that is meant by a pid or name; "" is the only one."""
    chosen = [each for each in found if wanted in ("", str(each.pid), each.name())]
    if len(chosen) == 1:
        return chosen[0]
    if not wanted:
        raise Refused(f"{host.name}: {len(found)} JVMs run there: say which")
    if not chosen:
        raise Refused(f"{host.name}: no JVM there is called {wanted!r}")
    pids = ", ".join(str(each.pid) for each in chosen)
    raise Refused(f"{host.name}: {len(chosen)} JVMs there are called {wanted!r}: say which by pid ({pids})")


def _said(host: Host, one: jcmd.Jvm, text: str) -> tuple[str, dict[str, int | str]]:
    """What jcmd printed below the pid, and the counters; Refused when the JVM did not answer it."""
    lines = text.split("\n")
    if "@counters" not in lines or "@end" not in lines:
        raise HostFailed(BAD_ANSWER, "what its shell said ends before its end")
    middle = lines.index("@counters")
    said = [line[1:] for line in lines[:middle] if line.startswith(" ")]
    counters = jcmd.read_counters([line[1:] for line in lines[middle + 1 :]])
    if not said or not said[-1].startswith(_CODE):
        raise HostFailed(BAD_ANSWER, "jcmd's end is missing")
    code = said.pop().removeprefix(_CODE)
    if said and said[0] == f"{one.pid}:":
        said = said[1:]
    if code != "0":
        why = next((line.strip() for line in said if line.strip()), f"jcmd ended with exit code {code}")
        raise Refused(f"{host.name}: {one.name()} ({one.pid}): {why[:300]}")
    return "\n".join(said).rstrip("\n") + "\n", counters
