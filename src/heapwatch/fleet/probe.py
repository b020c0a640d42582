"""The probe as bytes to send, and what to type so that a host's own Python runs them.

    sh -c 'for p in python3 ...; do "$p" -S -c BOOT; ...'  <  "<sizes>\\n" zip request

The shell tries one Python after the other; one that is too old says so before it has read anything, so that
the next one can. The archive is opened from memory (memfd): nothing is written on the host.
"""

from __future__ import annotations

import ast
import functools
import io
import json
import shlex
import zipfile
from pathlib import Path
from typing import Any, Mapping, Sequence

PACKAGE = Path(__file__).resolve().parents[1]
MAIN = "heapwatch.fleet.probe_main"
OPERATIONS = "heapwatch.jvm.operations"
OLDEST = (3, 9)

NO_PYTHON = 93
TOO_OLD = 94
"""Exit codes of the command: there is no Python, or none that is new enough (its versions are on stderr)."""

_PYTHONS = (
    "python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9",
    "/usr/bin/python3", "/usr/libexec/platform-python", "python",
)  # fmt: skip

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, in zip files

# Any Python must be able to read this far, from 2.7 on, to say that it is too old.
_BOOT = """
import sys
if sys.version_info < {oldest}:
    sys.stderr.write("heapwatch: %s is Python %s\\n" % (sys.executable, sys.version.split()[0]))
    sys.exit({too_old})
sys.path[:] = [place for place in sys.path if place]
import os
size = int(sys.stdin.buffer.readline())
data = sys.stdin.buffer.read(size)
if len(data) != size:
    sys.exit("heapwatch: the probe arrived cut off")
memory = os.memfd_create("heapwatch")
os.write(memory, data)
sys.path.insert(0, "/proc/self/fd/%d" % memory)
from {main} import main
main(sys.stdin, sys.stdout)
"""

# The first line of standard input is read by whichever Python runs; `exec` would lose the others.
_SHELL = """
old={none}
for p in {pythons}; do
  command -v "$p" >/dev/null 2>&1 || continue
  "$p" -E -s -S -B -c {boot}
  c=$?
  [ $c = {too_old} ] || exit $c
  old=$c
done
exit $old
"""


@functools.lru_cache(maxsize=2)
def archive(operations: bool = False, more: tuple[str, ...] = ()) -> bytes:
    """The zip of all modules that the probe may need; the same sources give the same bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in modules(operations, more):
            entry = zipfile.ZipInfo(path.relative_to(PACKAGE.parent).as_posix(), _BEGINNING)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes())
    return data.getvalue()


def modules(operations: bool = False, more: Sequence[str] = ()) -> list[Path]:
    """The probe's module and every module of ours that it imports, anywhere in its text.

    Operations bring readers of recordings and dumps along: more than twice the bytes, so only when asked for.
    """
    found: dict[str, Path] = {}
    todo = [MAIN, *more]
    while todo:
        name = todo.pop()
        path = _path_of(name)
        if name in found or path is None or (name == OPERATIONS and not operations):
            continue
        found[name] = path
        todo += [name.rpartition(".")[0], *_imports(path)]
    return sorted(found.values())


def _imports(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return [name for name in names if name.split(".")[0] == "heapwatch"]


def _path_of(name: str) -> Path | None:
    if not name:
        return None
    path = PACKAGE.parent.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def command(pythons: Sequence[str] = ()) -> list[str]:
    """What to run on the host: the first Python of these that is new enough runs the probe."""
    boot = _BOOT.format(oldest=OLDEST, too_old=TOO_OLD, main=MAIN)
    script = _SHELL.format(
        pythons=" ".join(map(shlex.quote, pythons or _PYTHONS)),
        boot=shlex.quote(boot),
        none=NO_PYTHON,
        too_old=TOO_OLD,
    )
    return ["sh", "-c", script]


def stdin(request: Mapping[str, Any]) -> bytes:
    """What its standard input must hold."""
    data = archive(request.get("do") in ("operate", "predict", "dump"))
    return b"%d\n%s%s\n" % (len(data), data, json.dumps(request).encode())
