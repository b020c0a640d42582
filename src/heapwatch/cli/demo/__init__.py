"""`heapwatch demo`: three JVMs with a leak as three hosts, an agent each, a server and a screen."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

from cyclopts import App, Parameter

from heapwatch.cli.demo import control, screen, show
from heapwatch.cli.demo.build import build
from heapwatch.cli.options import Seconds
from heapwatch.errors import Refused, Unavailable
from heapwatch.jvm.discover import discover

app = App(
    name="demo",
    help="""Show a leak growing on three real JVMs.

    An Akka service makes an actor for each download and never stops it. Three JVMs of it run as
    hosts memleak1, memleak2 and memleak3, an agent each. Two workflows run: one collects from all
    hosts and repairs what failed, after a yes; one takes evidence when something leaks. Memory ends
    after some minutes; the JVM is started again. `heapwatch demo fix` deploys the patch. Ctrl-C ends
    all of it.

    For example:

        heapwatch demo                           with a browser
        heapwatch demo --no-browser --for 3m     without one, for three minutes
        heapwatch demo --fast                    memory ends after about two minutes
        heapwatch demo fix                       from another terminal
        heapwatch demo crash memleak2            the same; a workflow asks to repair it
    """,
)

INTERRUPTED = 130
START_S, AGAIN_S = 60.0, 0.25

State = Annotated[Path | None, Parameter(metavar="FOLDER", env_var="HEAPWATCH_DEMO_STATE")]


@app.default
def demo(
    *,
    browser: Annotated[bool, Parameter(negative="--no-browser")] = True,
    for_: Annotated[Seconds | None, Parameter(name="--for")] = None,
    fast: bool = False,
    twin: bool = False,
    plain: bool = False,
    data: Annotated[Path | None, Parameter(metavar="FOLDER")] = None,
    state: State = None,
) -> int:
    """Show a leak growing on three real JVMs.

    Parameters
    ----------
    browser
        Open a browser, where there is one.
    for_
        End by itself after this time.
    fast
        Leak three times faster.
    twin
        Run the plain-Java twin even where Akka could be had.
    plain
        Lines instead of a picture, also on a terminal.
    data
        Keep what is stored in this folder (otherwise it goes with the demo).
    state
        Folder of the control socket, when several demos run at once.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    picture = screen.choose(plain)
    running: show.Demo | None = None
    words: list[str] = []
    try:
        program = build(_cache(), picture.say, twin)
        names = frozenset(target.name for target in discover())
        plan = show.plan(fast, state or control.default_folder(), data, browser, for_, names)
        running = show.Demo(plan, program, picture)
        running.open()
        running.run()
    except KeyboardInterrupt:
        picture.say("ending")
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # ending is under way, and it is quick
        if running is not None:
            words = running.close()
        picture.close()
    for line in words:
        print(line)
    return 0 if running is not None else INTERRUPTED


@app.command
def fix(*, state: State = None) -> int:
    """Deploy the fixed version to the three JVMs of a running demo, one after the other."""
    answer = control.ask(state or control.default_folder(), "fix")
    print(f"the fix is being deployed; look at {answer['url']}")
    return 0


@app.command
def crash(host: str = "memleak1", /, *, state: State = None) -> int:
    """Kill the JVM of a host, so that the next collection fails and asks to repair it.

    Parameters
    ----------
    host
        memleak1, memleak2 or memleak3.
    """
    _said(control.ask(state or control.default_folder(), f"crash {host}"))
    print(f"{host} is killed; the next collection finds it missing and asks for a yes to repair it")
    return 0


@app.command
def start(host: str, /, *, state: State = None) -> int:
    """Start the JVM of a host that is down, and wait until it is up; the repairing playbook does this.

    Parameters
    ----------
    host
        memleak1, memleak2 or memleak3.
    """
    folder = state or control.default_folder()
    answer = _said(control.ask(folder, f"start {host}"))
    deadline = time.monotonic() + START_S
    while answer["hosts"][host]["state"] != "up":
        if time.monotonic() > deadline:
            raise Unavailable(f"{host} is not up after {START_S:.0f} s")
        time.sleep(AGAIN_S)
        answer = control.ask(folder, "status")
    print(f"{host} is up, pid {answer['hosts'][host]['pid']}")
    return 0


@app.command
def status(*, state: State = None) -> int:
    """Print how a running demo is, as JSON."""
    from heapwatch.cli.output import write_json

    write_json(control.ask(state or control.default_folder(), "status"))
    return 0


@app.command
def stop(*, state: State = None) -> int:
    """End a running demo and everything it started."""
    answer = _said(control.ask(state or control.default_folder(), "stop"))
    print(f"the demo (pid {answer['pid']}) is ending")
    return 0


def _said(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise Refused(str(answer["error"]))
    return answer


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "heapwatch" / "memleak"
