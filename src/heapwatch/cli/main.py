"""`heapwatch`: from the words of a command line to an exit code.

Exit codes: 0 done, 1 a finding (a check said no), 2 usage or failure, 130 interrupted, 141 nobody reads
any more. An error is one line on stderr. This module alone turns exceptions into these; it imports
nothing that a bare `pip install heapwatch` lacks before it can say so.
"""

from __future__ import annotations

import gc
import os
import sys
from difflib import get_close_matches
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

from heapwatch import __version__
from heapwatch.cli.commands import COMMANDS, GROUPS
from heapwatch.errors import HeapwatchError, UsageError

if TYPE_CHECKING:
    from cyclopts import App

EXTRAS = {
    "cyclopts": "cli",
    "rich": "cli",
    "httpx2": "cli",
    "textual": "tui",
    "prompt_toolkit": "cli",
    "argon2": "server",
    "authlib": "server",
    "fastapi": "server",
    "lark": "server",
    "leather": "server",
    "uvicorn": "server",
    "pydantic": "server",
    "pydantic_settings": "server",
    "clickhouse_connect": "server",
    "prometheus_client": "server",
    "pyarrow": "server",
    "sse_starlette": "server",
    "structlog": "server",
    "yaml": "server",
    "numpy": "server",
    "chdb": "embedded",
    "asyncssh": "ssh",
    "cronsim": "workflows",
    "dbos": "workflows",
    "jinja2": "workflows",
}
"""Which extra brings the package that is missing."""

GLOBAL_OPTIONS = ("--server", "--token", "--token-file", "--ca-file", "--client-cert", "--client-key")
"""Options of most commands that may also stand before the command."""

INTRODUCTION = """Online memory supervisor for JVMs.

For example:

    heapwatch ps              what runs here
    heapwatch top NAME        what grows in it, live
    heapwatch up              supervise this machine, with screens

`heapwatch COMMAND --help` has examples. Exit codes: 0 done, 1 a finding, 2 usage or failure.
"""

COMPLETE = "__complete"
"""What completion scripts call, by cyclopts."""


def main() -> None:
    """The console script."""
    # Start-up makes some 10^5 objects and no garbage; looking for it is a third of the time to --help.
    gc.set_threshold(100_000, 50, 50)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a class name may hold what the terminal's encoding cannot say
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run one command line; every error has become one line on stderr when this returns."""
    try:
        code = _dispatch(_global_options_last(list(words)))
        sys.stdout.flush()
        return code
    except HeapwatchError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        return _fail(_missing(error))
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:  # the agent's own reader of words
        return end.code if isinstance(end.code, int) else 2 if end.code else 0
    except BrokenPipeError:
        # What is left in the buffer has no reader; without this the interpreter complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def build(chosen: Optional[str] = None) -> App:
    """The command line as cyclopts sees it; the help of `chosen` comes from its own docstring."""
    from cyclopts import App, Group, Parameter

    app = App(
        name="heapwatch",
        version=__version__,
        help=INTRODUCTION,
        help_format="plaintext",
        default_parameter=Parameter(negative="", show_default=_default_shown),
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    groups = {name: Group.create_ordered(name) for name in GROUPS}
    for command in COMMANDS:
        app.command(
            f"heapwatch.cli.{command.where}",
            name=command.name,
            group=groups[command.group],
            help=None if command.name == chosen else command.summary,
        )
    if chosen is None:  # it costs a tenth of the start
        app.register_install_completion_command(
            group=groups[GROUPS[-1]], help="Install the completion script of your shell."
        )
    return app


def _dispatch(words: List[str]) -> int:
    chosen = words[0] if words and not words[0].startswith("-") else None
    if chosen == "agent":
        from heapwatch.cli.agent import agent

        return agent(words[1:])
    if chosen is not None and chosen != COMPLETE:
        _check_name(chosen)
    app = build(chosen)
    from cyclopts.exceptions import CycloptsError

    try:
        result: Any = app(words)
    except CycloptsError as error:
        where = f"heapwatch {chosen}" if chosen else "heapwatch"
        raise UsageError(f"{_one_line(str(error))} (see `{where} --help`)") from error
    except ImportError as error:
        # A lazily imported command wraps what is really missing.
        if isinstance(error.__cause__, ModuleNotFoundError):
            raise error.__cause__ from None
        raise
    return result if isinstance(result, int) else 0


def _default_shown(value: object) -> Optional[str]:
    """A flag that is off and a list that is empty need no `[default: False]` in the help."""
    return None if value is None or value is False or value == () else str(value)


def _check_name(name: str) -> None:
    names = [command.name for command in COMMANDS]
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`heapwatch --help` lists them"
    raise UsageError(f"no command {name!r}: {hint}")


def _global_options_last(words: List[str]) -> List[str]:
    """`--server URL totals` means `totals --server URL`."""
    leading, rest = _split_leading(words)
    if not leading or not rest or rest[0].startswith("-"):
        return words
    end = rest.index("--") if "--" in rest else len(rest)
    return rest[:end] + leading + rest[end:]


def _split_leading(words: List[str]) -> Tuple[List[str], List[str]]:
    at = 0
    while at < len(words) and words[at].split("=", 1)[0] in GLOBAL_OPTIONS:
        at += 1 if "=" in words[at] else 2
    return words[:at], words[at:]


def _missing(error: ModuleNotFoundError) -> str:
    package = (error.name or "").split(".")[0]
    extra = EXTRAS.get(package)
    if extra is None:
        return str(error)
    if sys.version_info < (3, 11):
        return "the command line needs Python 3.11 or newer; `heapwatch-agent` runs on this one"
    return (
        f"this needs {package}: pip install 'heapwatch[{extra}]' (a bare install is only `heapwatch-agent`)"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fail(message: str) -> int:
    try:
        sys.stdout.flush()
        print(f"heapwatch: {_one_line(message)}", file=sys.stderr)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2


if __name__ == "__main__":
    main()
