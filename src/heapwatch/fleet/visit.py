"""One host, asked once: by its own Python where it has one, else by its JDK's jcmd."""

from __future__ import annotations

import re
import sys
import time
from typing import Any, Mapping

from heapwatch.errors import Refused
from heapwatch.fleet import answers, jcmd, jcmd_operate, probe
from heapwatch.fleet.asked import Asked
from heapwatch.fleet.doors import MOST, Done, Door
from heapwatch.fleet.hosts import LOCAL, Host
from heapwatch.fleet.results import (
    BAD_ANSWER,
    BECOME_REFUSED,
    FAILED,
    HUNG_UP,
    NO_TOOLS,
    HostFailed,
    HostResult,
    of_jvms,
)

_COULD_NOT_BECOME = re.compile(r"^(sudo|doas|runuser): ", re.MULTILINE)


async def visit(door: Door, host: Host, asked: Asked, known: Mapping[str, Any]) -> HostResult:
    """What came of it; HostFailed when nothing did."""
    begun, begun_ms = time.monotonic(), _now_ms()
    done = await _probed(door, host, asked.request(host, known), asked.most)
    if done.code in (probe.NO_PYTHON, probe.TOO_OLD):
        found = await jcmd.visit(door, host, asked, known)
        if found is None:
            raise HostFailed(NO_TOOLS, _nothing_there(done))
        outcome, why = of_jvms(found, asked.expected(host))
        return HostResult(host.name, outcome, why, asked="jcmd", took_s=time.monotonic() - begun, jvms=found)
    answer = _answer(done, host, begun_ms)
    outcome, why = of_jvms(answer.jvms, asked.expected(host))
    return HostResult(
        host.name,
        outcome,
        why or _of_clock(answer.clock_ahead_ms),
        asked=f"Python {answer.python}",
        user=answer.user,
        took_s=time.monotonic() - begun,
        clock_ahead_ms=answer.clock_ahead_ms,
        jvms=answer.jvms,
    )


async def operate(
    door: Door, host: Host, jvm: str, operation: str, options: Mapping[str, Any], timeout_s: float
) -> Mapping[str, Any]:
    """What one operation of jvm/operations.py answered there; HostFailed or Refused when it did not."""
    begun_ms = _now_ms()
    done = await _probed(door, host, _request("operate", host, jvm, operation, options, timeout_s), MOST)
    if done.code in (probe.NO_PYTHON, probe.TOO_OLD):
        told = await jcmd_operate.operate(door, host, jvm, operation, options)
        if told is None:
            raise HostFailed(NO_TOOLS, f"{operation}: {_nothing_there(done)}")
        return told
    return _result(done, host, begun_ms)


async def predict(
    door: Door, host: Host, jvm: str, operation: str, options: Mapping[str, Any], timeout_s: float
) -> float | None:
    """How long an operation may stop the application there, in ms; None where only the answer tells."""
    begun_ms = _now_ms()
    done = await _probed(door, host, _request("predict", host, jvm, operation, options, timeout_s), MOST)
    if done.code in (probe.NO_PYTHON, probe.TOO_OLD):
        return None
    told = _result(done, host, begun_ms).get("predicted_pause_ms")
    return float(told) if isinstance(told, (int, float)) else None


def _request(
    do: str, host: Host, jvm: str, operation: str, options: Mapping[str, Any], timeout_s: float
) -> dict[str, Any]:
    return {
        "do": do,
        "host": host.name,
        "jvm": jvm,
        "operation": operation,
        "options": dict(options),
        "deadline_s": timeout_s,
    }


def _result(done: Done, host: Host, begun_ms: int) -> Mapping[str, Any]:
    answer = _answer(done, host, begun_ms)
    if answer.refusal is not None:
        raise Refused(f"{host.name}: {answer.refusal[1]}")
    if answer.result is None:
        raise HostFailed(BAD_ANSWER, "neither a result nor a reason why there is none")
    return answer.result


async def _probed(door: Door, host: Host, request: Mapping[str, Any], most: int) -> Done:
    return await door.run(command(host), probe.stdin(request), most)


def command(host: Host) -> list[str]:
    """What runs the probe there, as whom the inventory wants."""
    pythons = [host.python] if host.python else [sys.executable] if host.connection == LOCAL else []
    return host.as_user(probe.command(pythons))


def _answer(done: Done, host: Host, begun_ms: int) -> answers.Answer:
    if done.code != 0:
        raise died(done, host)
    return answers.read(done.out, host.name, begun_ms, _now_ms())


def died(done: Done, host: Host) -> HostFailed:
    """Why a probe ended without an answer."""
    last = done.errors.splitlines()[-1][:300] if done.errors else ""
    if host.become and (done.code == 127 or _COULD_NOT_BECOME.search(done.errors)):
        return HostFailed(BECOME_REFUSED, f"{host.become_method} to {host.become_user}: {last}")
    if done.code is None or done.code < 0:
        return HostFailed(HUNG_UP, last or "the connection ended before the answer")
    return HostFailed(FAILED, last or f"the probe ended with exit code {done.code}")


def _nothing_there(done: Done) -> str:
    if done.code == probe.TOO_OLD:
        told = "; ".join(line.removeprefix("heapwatch: ") for line in done.errors.splitlines()[:4])
        return f"{told}: 3.9 or newer is needed, or a JDK's jcmd"
    return "neither Python 3.9 (or newer) nor a JDK's jcmd is on its PATH"


def _of_clock(ahead_ms: int) -> str:
    if not ahead_ms:
        return ""
    way = "ahead" if ahead_ms > 0 else "behind"
    return f"its clock is {abs(ahead_ms) / 1000:.0f} s {way}: times are corrected"


def _now_ms() -> int:
    return int(time.time() * 1000)
