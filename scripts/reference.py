#!/usr/bin/env python3
"""Write what docs/reference can take from the program itself; with --check only say whether it is up to date.

cli.md      the help of every command          server.md    the settings of the server
agent.md    the agent's help                   http-api.md  the routes of the API
workflows.md  the keys and steps of files of workflows
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator

import written_files

if TYPE_CHECKING:
    from heapwatch.cli.commands import Command

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"

GENERATED = "<!-- Written by ./run reference; edit the docstrings and settings instead. -->\n"

CLI_HEAD = """\
# Command line

`heapwatch COMMAND --help` prints the same. Commands that ask a server take `--server URL` (or
`HEAPWATCH_SERVER`) and a token by `--token-file FILE` (or `HEAPWATCH_TOKEN`); tables come as JSON or CSV by
`-o json`, `-o csv`. Exit codes: 0 done, 1 a finding, 2 usage or failure. `NO_COLOR` is obeyed.
"""

AGENT_HEAD = """\
# Agent

`heapwatch-agent`, from a bare `pip install heapwatch` or as the file `heapwatch-agent.pyz`. How to run it on
hosts: [install the agent](../howto/agent.md).
"""

SERVER_HEAD = """\
# Server settings

The setting `graphite_listen` is the flag `--graphite-listen` of `heapwatch serve`, the environment variable
`{prefix}GRAPHITE_LISTEN`, or a line of the TOML file ({files}, or `--config FILE`). A flag wins over the
environment, that over the file. `heapwatch config show --origin` prints every value and where it came from.
"""


def main() -> int:
    check = "--check" in sys.argv[1:]
    _plain_environment()
    stale = []
    for name, page in PAGES.items():
        path = REFERENCE / name
        text = GENERATED + page()
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not check:
                path.write_text(text)
    for name in stale:
        print(f"docs/reference/{name}: {'not up to date, type ./run reference' if check else 'written'}")
    return 1 if check and stale else 0


def cli_page() -> str:
    from heapwatch.cli.commands import COMMANDS, GROUPS

    parts = [CLI_HEAD]
    for group in GROUPS:
        parts.append(f"## {group}\n")
        parts += [_command_section(command) for command in COMMANDS if command.group == group]
    return "\n".join(parts)


def _command_section(command: Command) -> str:
    parts = [f"### heapwatch {command.name}\n", _block("heapwatch.cli.main", command.name)]
    for word in _subcommands(command):
        parts += [f"#### heapwatch {command.name} {word}\n", _block("heapwatch.cli.main", command.name, word)]
    return "\n".join(parts)


def _subcommands(command: Command) -> list[str]:
    from cyclopts import App

    module, _, name = command.where.partition(":")
    target = getattr(importlib.import_module(f"heapwatch.cli.{module}"), name)
    return [word for word in target if not word.startswith("-")] if isinstance(target, App) else []


def _block(module: str, *words: str) -> str:
    return f"```text\n{_help(module, *words)}\n```\n"


def agent_page() -> str:
    parts = [AGENT_HEAD, _block("heapwatch.agent.main")]
    for word in re.findall(r"^ {4}([a-z][a-z-]*)\b", _help("heapwatch.agent.main"), re.MULTILINE):
        parts += [f"## heapwatch-agent {word}\n", _block("heapwatch.agent.main", word)]
    return "\n".join(parts)


def server_page() -> str:
    from heapwatch.web.settings import CONFIG_FILES, ENV_PREFIX, Settings

    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory or field.default in (None, ()) else f"`{_toml(field.default)}`"
        rows.append(f"| `{name}` | {default} | {field.description} |")
    head = SERVER_HEAD.format(prefix=ENV_PREFIX, files=", ".join(f"`{file}`" for file in CONFIG_FILES))
    return "\n".join([head, "| setting | default | meaning |", "|---|---|---|", *rows, ""])


def _toml(value: Any) -> str:
    return json.dumps(value)


def http_page() -> str:
    schema = _openapi()
    parts = [
        "# HTTP API\n",
        schema["info"]["description"] + " The schema is at `/openapi.json`, a page to try it at `/docs`.\n",
    ]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parts.append(f"## {method.upper()} {path}\n")
            parts.append(f"{operation.get('description') or operation.get('summary', '')}\n")
            rows = [_parameter(parameter) for parameter in operation.get("parameters", [])]
            if rows:
                parts.append("\n".join(["| parameter | meaning |", "|---|---|", *rows, ""]))
            rows = [_parameter(field) for field in _body(operation, schema)]
            if rows:
                parts.append("\n".join(["| field of the JSON body | meaning |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def _body(operation: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a JSON body, as parameters are described."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    if not name:
        return []
    model = schema["components"]["schemas"][name]
    return [
        {
            "name": field,
            "description": told.get("description"),
            "schema": told,
            "required": field in model.get("required", []),
        }
        for field, told in model["properties"].items()
    ]


def _parameter(parameter: dict[str, Any]) -> str:
    text = (parameter.get("description") or "").replace("|", "\\|").replace("\n", " ")
    default = parameter["schema"].get("default")
    told = f" (default `{default}`)" if default not in (None, "", []) else ""
    must = " **required**" if parameter.get("required") else ""
    return f"| `{parameter['name']}` | {text}{told}{must} |"


def _openapi() -> dict[str, Any]:
    """The schema of the application over an empty store."""
    import tempfile

    from heapwatch.store import open_store
    from heapwatch.web.app import create_app
    from heapwatch.web.settings import Settings

    with tempfile.TemporaryDirectory() as folder, _closing(open_store(Path(folder) / "store")) as store:
        schema: dict[str, Any] = create_app(store, Settings(data=Path(folder))).openapi()
    return schema


@contextlib.contextmanager
def _closing(thing: Any) -> Iterator[Any]:
    try:
        yield thing
    finally:
        thing.close()


def _help(module: str, *words: str) -> str:
    """What `--help` prints; in a child, since the program ends with it."""
    program = importlib.import_module(module)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        sys.stdout = os.fdopen(writing, "w", encoding="utf-8")
        sys.argv = [module, *words, "--help"]
        try:
            program.main()
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(int(end.code or 0))
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as output:
        text = output.read()
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(f"{module} {' '.join(words)} --help failed")
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _plain_environment() -> None:
    """A fixed width, no colour, nothing of who runs this."""
    os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb", HOME="/home/you")
    for name in list(os.environ):
        if name.startswith("HEAPWATCH_"):
            del os.environ[name]


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "agent.md": agent_page,
    "server.md": server_page,
    "http-api.md": http_page,
    "workflows.md": written_files.page,
}

if __name__ == "__main__":
    sys.exit(main())
