"""The workflows of a demo that is played: what they did, and somebody who says yes to them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watching import HEAPWATCH, Api

from heapwatch.cli.demo import control

CHILD = "memleak.Child"
CRASHED = "memleak2"
ENDED = ("succeeded", "failed", "timed_out", "cancelled", "denied", "expired")

Run = Mapping[str, Any]


@dataclass
class Acted:
    """What was seen of the workflows."""

    pids: list[int] = field(default_factory=list)  # of the crashed host: before and after
    yes: subprocess.CompletedProcess[str] | None = None
    asked: Run = field(default_factory=dict)  # what asked to repair, before the answer
    repaired: Run = field(default_factory=dict)  # the same at its end
    evidence: Run = field(default_factory=dict)
    diagnosis: Mapping[str, Any] = field(default_factory=dict)
    stored: list[int] = field(default_factory=list)  # the bytes of each histogram of the crashed host


def heapwatch(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HEAPWATCH, *words], capture_output=True, text=True, timeout=60)


def output(run: Run, step: str) -> dict[str, Any]:
    return next(each["output"] or {} for each in run["steps"] if each["id"] == step)


def repair(api: Api, state: Path, log: Path) -> Acted:
    """Kill a JVM, and say yes when a workflow asks to start it again and the demo has said so."""
    seen = Acted()
    api.until("a collection", lambda: _newest(api, "periodic-collection", _good))
    seen.pids.append(_pid_of_crashed(state))
    heapwatch("demo", "crash", CRASHED, "--state", str(state)).check_returncode()
    seen.asked = api.until("what asks to repair", lambda: _newest(api, "periodic-collection", _asks))
    api.until("the demo's word of it", lambda: seen.asked["id"] in log.read_text())
    seen.yes = heapwatch("approve", seen.asked["id"], "--server", api.url)

    def ended(run: Run) -> bool:
        return run["id"] == seen.asked["id"] and run["state"] in ENDED

    seen.repaired = api.until("its end", lambda: _newest(api, "periodic-collection", ended))
    seen.pids.append(_pid_of_crashed(state))
    seen.stored = api.get("snapshots", **{"from": "-1h", "host": CRASHED})["columns"]["bytes"]
    return seen


def prove(api: Api, seen: Acted) -> None:
    """Wait for the evidence of a leak, and look what became of it."""

    def of_child(run: Run) -> bool:
        return _good(run) and run["labels"]["class"] == CHILD

    seen.evidence = api.until("evidence", lambda: _newest(api, "evidence", of_child), 400)
    host = seen.evidence["labels"]["host"]

    def kept() -> list[dict[str, Any]]:
        return list(api.get("diagnoses", **{"class": CHILD, "host": host})["diagnoses"])

    (newest, *_) = api.until("a diagnosis", kept)
    seen.diagnosis = api.get(f"diagnoses/{newest['id']}")


def _newest(api: Api, workflow: str, fits: Callable[[Run], bool]) -> Run:
    """The newest run of a workflow that fits, with what its steps said; empty when there is none."""
    found = [run["id"] for run in api.get("runs", workflow=workflow)["runs"] if fits(run)]
    return dict(api.get(f"runs/{found[0]}")) if found else {}


def _good(run: Run) -> bool:
    return run["state"] == "succeeded" and all(
        step["state"] in ("succeeded", "skipped") for step in run["steps"]
    )


def _asks(run: Run) -> bool:
    return bool(run["state"] == "waiting_approval")


def _pid_of_crashed(state: Path) -> int:
    return int(control.ask(state, "status")["hosts"][CRASHED]["pid"] or 0)
