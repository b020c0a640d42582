"""Doing things that may fail: commands with a log, and stamps that make the second run quick.

A `Failure` is one sentence for the person at the terminal: what did not work, what to type, where the log is.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterable, Mapping, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
LOGS = CACHE / "logs"
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"


class Failure(Exception):
    """One sentence that says what to do."""


def say(subject: str, text: str) -> None:
    """One line of progress."""
    print(f"  {subject:<8} {text}", flush=True)


def relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def logged(
    name: str,
    command: Sequence[str],
    failure: str,
    cwd: Path = ROOT,
    env: Optional[Mapping[str, str]] = None,
) -> None:
    """Run a command whose output only matters when it fails; `failure` begins the sentence for that case."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(map(str, command))}\n".encode())
        out.flush()
        try:
            done = subprocess.run(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise Failure(f"{failure}: {error}") from error
    if done.returncode != 0:
        tail = log.read_text(errors="replace").splitlines()[-15:]
        print("\n".join(f"    | {line}" for line in tail), file=sys.stderr)
        raise Failure(f"{failure} (exit code {done.returncode}). The whole log: {relative(log)}")


def passed_through(command: Sequence[str], env: Optional[Mapping[str, str]] = None, cwd: Path = ROOT) -> int:
    """Run a command in the foreground; Ctrl-C reaches it, and we wait until it has cleaned up."""
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def heard(
    command: Sequence[str], env: Optional[Mapping[str, str]] = None, cwd: Path = ROOT
) -> Tuple[int, str]:
    """Run a command beside others: its exit code, and what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def digest(paths: Iterable[Path], *words: str) -> str:
    """Names and contents of files (and of all files in directories), and some words, as one short hash."""
    sha = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
        for file in files:
            sha.update(f"\0{file.name}\0".encode())
            sha.update(file.read_bytes())
    return sha.hexdigest()[:24]


class Stamp:
    """Remembers by content that a step was done, so that it is done once. It dies with .venv."""

    def __init__(self, name: str, content: str) -> None:
        self._path = STAMPS / name
        self._content = content

    def fresh(self) -> bool:
        try:
            return self._path.read_text() == self._content
        except OSError:
            return False

    def set(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._content)


class Stopwatch:
    def __init__(self) -> None:
        self._begun = time.monotonic()

    def __str__(self) -> str:
        return f"{time.monotonic() - self._begun:.0f} s"
