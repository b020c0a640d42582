"""`command`: a program of the server's machine, by its words; no shell reads them."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from heapwatch.monitor.values import Written
from heapwatch.workflow.steps.base import Job, Step, StepFailed, cut

LOOK_S = 0.1
KEEP = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER")
"""What it gets of the server's environment: the rest may hold secrets."""


class Parameters(Written):
    argv: list[str] = Field(min_length=1)
    """The program and its words; there is no shell."""
    env: dict[str, str] = {}
    """More variables of its environment."""
    folder: str | None = None
    """Where it runs; else where the server does."""
    codes: list[int] = [0]
    """The codes it ends with when all is well."""


def describe(given: Parameters) -> str:
    where = f" in {given.folder}" if given.folder else ""
    return f"run on the server{where}: {shlex.join(given.argv)}"


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    code, text = ran(given.argv, given.env, given.folder, job)
    output = {"code": code, "text": text}
    if code not in given.codes:
        raise StepFailed(f"{given.argv[0]} ended with code {code}", output)
    return output


def ran(argv: Sequence[str], more: Mapping[str, str], folder: str | None, job: Job) -> tuple[int, str]:
    """Its code, and what it said on both its outputs; it is ended when the job is."""
    env = {name: os.environ[name] for name in KEEP if name in os.environ} | dict(more)
    with tempfile.TemporaryFile() as out:
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=folder,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise StepFailed(f"{argv[0]} cannot be started: {error}") from error
        try:
            _wait(child, job)
        finally:
            _end(child)
            out.seek(0)
            text = cut(out.read(1 << 20).decode("utf-8", "replace"))
    return child.returncode, text


def _wait(child: subprocess.Popen[bytes], job: Job) -> None:
    while True:
        job.check()
        try:
            child.wait(min(LOOK_S, max(0.0, job.left_s())))
            return
        except subprocess.TimeoutExpired:
            continue


def _end(child: subprocess.Popen[bytes]) -> None:
    """Whatever still runs of it is ended, with all that it started."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


STEP = Step(Parameters, describe, perform, destructive=True, idempotent=False)
