"""The words of ./run."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Callable, Dict, List, Sequence

from . import checks, debian, pages, python
from .work import ROOT, VENV, Failure, Stopwatch, passed_through, say

HELP = """heapwatch, from a checkout

  ./run demo     three JVMs with a leak, an agent each, a server, your browser; Ctrl-C ends all of it
  ./run test     lint, types, import floors, then unit, store, JVM, browser and end-to-end tests
                 (fast = lint and unit; a stage's name; -k WORD and whatever else pytest takes)

  ./run setup    only what the others do first: .venv, locked packages, web pages, a JDK
  ./run lint     only the checks that run no code
  ./run bench    benchmarks/*.py, or one of them by name
  ./run dev      server with reload on 7077, and Vite's on 5173 that passes the API through
  ./run docs     the documentation into build/docs; ./run docs serve shows it
  ./run soak     the tests that take minutes
  ./run reference  write docs/reference anew from the commands, settings and routes
  ./run lock     resolve requirements/*.txt anew (needs uv)
"""


def setup(arguments: Sequence[str] = ()) -> int:
    """Everything that demo and tests need."""
    watch = Stopwatch()
    python.install()
    if (ROOT / "ui" / "package.json").exists():
        pages.build()
    _demo_tools()
    if not arguments:
        return 0
    raise Failure(f"./run setup takes no arguments, and got {' '.join(arguments)} (after {watch})")


def _demo_tools() -> None:
    """A JDK must be; without Maven the demo runs its twin in plain Java, and says so."""
    debian.ensure(debian.JAVA)
    try:
        debian.ensure(debian.MAVEN)
    except Failure as failure:
        say("system", f"{failure}  (going on without Akka)")


def demo(arguments: Sequence[str]) -> int:
    setup()
    os.chdir(ROOT)
    os.execv(VENV / "bin" / "heapwatch", ["heapwatch", "demo", *arguments])


def test(arguments: Sequence[str]) -> int:
    setup()
    debian.ensure_or_say(debian.CHROMIUM, debian.JATTACH, debian.NETCAT, peers=debian.PEERS)
    return checks.test(arguments)


def lint(_: Sequence[str]) -> int:
    setup()
    count = checks.lint()
    print(f"\n{count}")
    return 1 if count.failed else 0


def bench(arguments: Sequence[str]) -> int:
    setup()
    debian.ensure_or_say(debian.JATTACH, debian.CARBON, peers=[debian.VICTORIA])
    return checks.bench(arguments)


def soak(arguments: Sequence[str]) -> int:
    setup()
    return checks.test(["soak", *arguments])


def dev(arguments: Sequence[str]) -> int:
    """Server and Vite side by side; the end of one, or Ctrl-C, ends both."""
    setup()
    server = [str(VENV / "bin" / "heapwatch"), "serve", *arguments]
    children = [
        subprocess.Popen([str(python.PYTHON), str(ROOT / "scripts" / "reload.py"), *server], cwd=ROOT),
        pages.development_server(),
    ]
    with contextlib.suppress(KeyboardInterrupt):
        os.wait()
    for child in children:
        child.terminate()
    for child in children:
        child.wait()
    return 0


def docs(arguments: Sequence[str]) -> int:
    setup()
    python.add("docs")
    return passed_through([str(python.PYTHON), str(ROOT / "scripts" / "docs.py"), *(arguments or ["build"])])


def reference(arguments: Sequence[str]) -> int:
    setup()
    return passed_through([str(python.PYTHON), str(ROOT / "scripts" / "reference.py"), *arguments])


def lock(arguments: Sequence[str]) -> int:
    return passed_through([sys.executable, str(ROOT / "scripts" / "lock.py"), *arguments])


def help_(_: Sequence[str]) -> int:
    print(HELP)
    return 0


WORDS: Dict[str, Callable[[Sequence[str]], int]] = {
    "setup": setup,
    "demo": demo,
    "test": test,
    "lint": lint,
    "bench": bench,
    "dev": dev,
    "docs": docs,
    "soak": soak,
    "reference": reference,
    "lock": lock,
    "help": help_,
    "-h": help_,
    "--help": help_,
}


def main(arguments: List[str]) -> int:
    word = arguments[0] if arguments else "help"
    if word not in WORDS:
        print(f"run: no such word: {word}\n\n{HELP}", file=sys.stderr)
        return 2
    try:
        return WORDS[word](arguments[1:])
    except Failure as failure:
        print(f"run: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
