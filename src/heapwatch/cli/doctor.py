"""`heapwatch doctor`"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Iterator

from heapwatch import __version__, human
from heapwatch.agent.doctor import examine
from heapwatch.cli.main import EXTRAS
from heapwatch.cli.options import SERVER, TABLE, ServerOptions, TableOutput
from heapwatch.cli.output import GREEN, RED, YELLOW, Column, clean, colour, write
from heapwatch.errors import HeapwatchError, Refused, Unavailable
from heapwatch.jvm import process

OK, NOTE, WRONG = "ok", "note", "wrong"

_PAINT = {OK: GREEN, NOTE: YELLOW, WRONG: RED}

LITTLE_DISK = 2 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: str
    about: str
    told: str


def doctor(*, data: Path | None = None, output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """Say what works here, what not, and what to do.

    Looks at the installation, at every JVM of this machine (nothing is sent to
    them), at the server and at its data folder. Exit code 1: something is wrong.

    For example:

        heapwatch doctor
        sudo heapwatch doctor
        heapwatch doctor --server https://heapwatch.example --json

    Parameters
    ----------
    data
        Data folder of the server [else the one of its settings].
    """
    checks: list[Callable[[], Iterator[Finding]]] = [
        _installation,
        _jvms,
        _machine,
        lambda: _server(server),
        lambda: _folder(data),
    ]
    findings = [finding for check in checks for finding in check()]
    if output.kind == "table":
        for finding in findings:
            print(_line(finding))
    else:
        keys = ("level", "about", "told")
        rows = [{key: getattr(finding, key) for key in keys} for finding in findings]
        write([Column(key, key) for key in keys], rows, output.kind)
    return 1 if any(finding.level == WRONG for finding in findings) else 0


def _line(finding: Finding) -> str:
    mark = f"{finding.level:5}"
    if colour():
        mark = f"\x1b[{_PAINT[finding.level]}m{mark}\x1b[0m"
    return f"{mark}  {clean(finding.about)}: {clean(finding.told)}"


def _installation() -> Iterator[Finding]:
    yield Finding(OK, "heapwatch", f"{__version__}, Python {platform.python_version()}, {sys.prefix}")
    missing = sorted({extra for package, extra in EXTRAS.items() if find_spec(package) is None})
    for extra in missing:
        yield Finding(NOTE, f"extra {extra}", f"not installed: pip install 'heapwatch[{extra}]'")


def _jvms() -> Iterator[Finding]:
    patients = examine()
    if not patients:
        yield Finding(NOTE, "JVMs", "none runs here, or none that you may see")
    for patient in patients:
        name = f"JVM {patient.pid} {patient.name}"
        bad = [check for check in patient.checks if not check.good]
        for check in bad:
            yield Finding(WRONG if check.name == "attach" else NOTE, name, f"{check.name}: {check.text}")
        if not bad:
            yield Finding(OK, name, f"histograms and counters ({patient.collector} {patient.java})")


def _machine() -> Iterator[Finding]:
    if os.geteuid() != 0:
        yield Finding(NOTE, "rights", "not root: JVMs of other users cannot be asked")
    pressure = process.pressure()
    if pressure is not None and pressure > 20:
        yield Finding(
            NOTE, "CPU", f"tasks waited {pressure:.0f} % of the last 10 s: pauses are longer than usual"
        )


def _server(options: ServerOptions) -> Iterator[Finding]:
    try:
        from heapwatch.cli.client import Client
    except ModuleNotFoundError:
        return
    try:
        with Client(options) as client:
            who = client.get("/api/v1/whoami")
            yield Finding(OK, f"server {client.url}", f"answers; you are {who['name']}")
            answer = client.get("/api/v1/status")
    except Refused as error:
        yield Finding(WRONG, f"server {options.server}", str(error))
        return
    except (Unavailable, HeapwatchError) as error:
        yield Finding(NOTE, f"server {options.server}", str(error))
        return
    for problem in answer["problems"]:
        yield Finding(WRONG, f"server {options.server}", str(problem))
    for part in answer.get("broken") or []:
        yield Finding(WRONG, "store", f"a broken part was set aside: {part}")


def _folder(data: Path | None) -> Iterator[Finding]:
    try:
        from heapwatch.web.settings import load
    except ModuleNotFoundError:
        return
    try:
        folder = load({"data": str(data) if data else None}).settings.data
    except HeapwatchError as error:
        yield Finding(WRONG, "settings", str(error))
        return
    there = folder
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK):
        yield Finding(NOTE, f"data folder {folder}", f"you cannot write there ({there})")
        return
    free = shutil.disk_usage(there).free
    told = f"{human.size(free)} free" + ("" if folder.exists() else ", not made yet")
    yield Finding(OK if free > LITTLE_DISK else WRONG, f"data folder {folder}", told)
