"""How the running agent does, for people and for scripts."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

from heapwatch.agent import units
from heapwatch.agent.health import Report, problems
from heapwatch.agent.run import STATE_FILE
from heapwatch.errors import HeapwatchError

_PATIENCE_S = 5.0
_LARGEST = 16 << 20

__all__ = ["as_json", "as_text", "ask", "ask_by_directory", "problems"]


def ask_by_directory(directory: Path) -> Report:
    """The report of the agent that keeps its batches there."""
    path = directory / STATE_FILE
    try:
        state = json.loads(path.read_text("utf-8"))
        pid, address = int(state["pid"]), str(state["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HeapwatchError(
            f"no agent has left word in {directory} ({getattr(error, 'strerror', None) or 'unreadable'}); "
            "say where it is with --config, --spool or --address"
        ) from error
    if not Path(f"/proc/{pid}").exists():
        raise HeapwatchError(f"the agent is not running (it was process {pid})")
    if not address:
        raise HeapwatchError(f"the agent (process {pid}) answers no questions: its setting `listen` is off")
    found = ask(*units.address(address))
    if found["pid"] != pid:
        raise HeapwatchError(f"process {found['pid']} answers at {address}, not the agent (process {pid})")
    return found


def ask(host: str, port: int) -> Report:
    """The report of the agent at an address."""
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/status")
        answer = connection.getresponse()
        text = answer.read(_LARGEST)
        found: Dict[str, Any] = json.loads(text)
        if answer.status != 200 or not {"version", "pid", "jvms", "sinks", "spool", "logs"} <= set(found):
            raise ValueError("not our report")
    except (OSError, http.client.HTTPException, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise HeapwatchError(f"no agent answers at {host}:{port}: {reason}") from error
    finally:
        connection.close()
    return found


def as_json(found: Report) -> str:
    return json.dumps({**found, "problems": problems(found)}, indent=2) + "\n"


def as_text(found: Report) -> str:
    """A few lines of facts, a table of JVMs, a table of sinks, and what is wrong."""
    head = (
        f"heapwatch-agent {found['version']}, process {found['pid']}, host {found['host']}: "
        f"{len(found['jvms'])} JVMs, {found['batches']} batches in {_duration(found['uptime_s'])}; "
        f"it takes {found['rss'] / 1e6:.1f} MB and "
        f"{found['cpu_ms'] / 10 / max(found['uptime_s'], 1):.2f} % of a core"
    )
    jvms: List[Tuple[str, ...]] = [
        ("PID", "JVM", "JAVA", "HEAP MB", "LAST PAUSE", "SHARE", "OF BUDGET", "EVERY", "NEXT IN")
    ]
    jvms += [_jvm(jvm) for jvm in found["jvms"]]
    sinks: List[Tuple[str, ...]] = [("SINK", "SENT", "WAITING", "DROPPED", "REFUSED", "ERRORS")]
    sinks += [
        tuple(str(sink[name]) for name in ("name", "sent", "waiting", "dropped", "refused", "errors"))
        for sink in found["sinks"]
    ]
    spool, logs = found["spool"], found["logs"]
    skipped = f", {logs['skipped_bytes'] / 1e6:.1f} MB left out" if logs["skipped_bytes"] else ""
    lines = [
        head,
        "",
        *(_table(jvms) if found["jvms"] else ["no JVM is watched"]),
        *_suspects(found),
        "",
        *_table(sinks),
        f"spool {spool['directory']}: {spool['bytes'] / 1e6:.1f} of {spool['max_bytes'] / 1e6:.0f} MB, "
        f"{spool['disk_errors']} disk errors",
        *([f"logs: {logs['files']} files, {logs['messages']} messages{skipped}"] if logs["files"] else []),
    ]
    wrong = problems(found)
    return "".join(
        f"{line}\n" for line in [*lines, *([""] if wrong else []), *(f"! {line}" for line in wrong)]
    )


def _suspects(found: Report) -> List[str]:
    """A line a suspect, with what speaks for it; an agent of an older version has none."""
    return [
        f"? {jvm['name']} ({jvm['pid']}): {suspect['sentence']} ({suspect['reason']})"
        for jvm in found["jvms"]
        for suspect in jvm.get("suspects", ())
    ]


def _jvm(jvm: Dict[str, Any]) -> Tuple[str, ...]:
    used, most, last = jvm["heap_used"], jvm["heap_max"], jvm["last"]
    pause = last and last["pause_ms"]
    return (
        str(jvm["pid"]),
        jvm["name"],
        f"{jvm['java']} {jvm['collector']}".strip(),
        "-" if used is None else f"{used / 1e6:.0f}/{(most or 0) / 1e6:.0f}",
        "-" if pause is None else f"{pause:.1f} ms",
        f"{jvm['pause_share']:.3%}",
        f"{jvm['pause_share'] / jvm['budget_share']:.0%}",
        "-" if jvm["interval_s"] is None else _duration(jvm["interval_s"]),
        "-" if jvm["due_in_s"] is None else _duration(max(0.0, jvm["due_in_s"])),
    )


def _table(rows: List[Tuple[str, ...]]) -> List[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
