"""`heapwatch demo`: three JVMs with a leak as three hosts, an agent each, a server and a screen."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import App, Parameter

from heapwatch.cli.demo import control, screen, show
from heapwatch.cli.demo.build import build
from heapwatch.cli.options import Seconds
from heapwatch.errors import Refused
from heapwatch.jvm.discover import discover

app = App(
    name="demo",
    help="""Show a leak growing on three real JVMs.

    An Akka service makes an actor for each download and never stops it. Three JVMs of it run as
    hosts memleak1, memleak2 and memleak3, an agent each. Memory ends after some minutes; the JVM is
    started again. `heapwatch demo fix` deploys the patch. Ctrl-C ends all of it.

    For example:

        heapwatch demo                           with a browser
        heapwatch demo --no-browser --for 3m     without one, for three minutes
        heapwatch demo --fast                    memory ends after about a minute
        heapwatch demo fix                       from another terminal
    """,
)

INTERRUPTED = 130

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
        Leak six times faster.
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
def status(*, state: State = None) -> int:
    """Print how a running demo is, as JSON."""
    from heapwatch.cli.output import write_json

    write_json(control.ask(state or control.default_folder(), "status"))
    return 0


@app.command
def stop(*, state: State = None) -> int:
    """End a running demo and everything it started."""
    answer = control.ask(state or control.default_folder(), "stop")
    if "error" in answer:
        raise Refused(str(answer["error"]))
    print(f"the demo (pid {answer['pid']}) is ending")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "heapwatch" / "memleak"
