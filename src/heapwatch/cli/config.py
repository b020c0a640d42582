"""`heapwatch config show|path`"""

from __future__ import annotations

import os
from pathlib import Path

from cyclopts import App

from heapwatch.cli.options import DEFAULT_SERVER, TABLE, TableOutput
from heapwatch.cli.output import Column, write

app = App(
    name="config",
    help="""Show every setting and where it comes from.

A flag wins over the environment, that over a secret file, that over the
settings file, that over the default.

For example:

    heapwatch config show --origin
    heapwatch config path
""",
)

CLIENT = (
    ("server", "HEAPWATCH_SERVER", DEFAULT_SERVER),
    ("token", "HEAPWATCH_TOKEN", ""),
    ("token_file", "HEAPWATCH_TOKEN_FILE", ""),
)
"""What commands that ask a server take from the environment."""


@app.command
def show(*, origin: bool = False, config: Path | None = None, output: TableOutput = TABLE) -> int:
    """Print the settings that are in force; secrets are masked.

    For example:

        heapwatch config show
        heapwatch config show --origin --config /etc/heapwatch/server.toml
        HEAPWATCH_LISTEN=0.0.0.0:80 heapwatch config show --json

    Parameters
    ----------
    origin
        Say where each comes from.
    config
        Settings file (TOML) to read.
    """
    from heapwatch.web.settings import load

    rows = [
        {"of": "server", "name": name, "value": value, "origin": whence}
        for name, value, whence in load(file=config).rows()
    ]
    rows += [_client(*told) for told in CLIENT]
    columns = [Column("of", "OF"), Column("name", "SETTING"), Column("value", "VALUE", elastic=True)]
    if origin or output.kind != "table":
        columns.append(Column("origin", "ORIGIN", elastic=True))
    write(columns, rows, output.kind)
    return 0


@app.command
def path(*, output: TableOutput = TABLE) -> int:
    """Print which files are looked for, and which is read.

    For example:

        heapwatch config path
    """
    from heapwatch.web.settings import CONFIG_FILES, ENV_PREFIX

    asked = os.environ.get(f"{ENV_PREFIX}CONFIG")
    files = [asked] if asked else list(CONFIG_FILES)
    rows, found = [], False
    for text in files:
        there = Path(text).expanduser()
        is_read = there.is_file() and not found
        state = "read" if is_read else "there, but another wins" if there.is_file() else "not there"
        found = found or is_read
        rows.append({"file": str(there), "state": state})
    write([Column("file", "FILE"), Column("state", "STATE")], rows, output.kind)
    return 0


def _client(name: str, variable: str, default: str) -> dict[str, str]:
    value = os.environ.get(variable, "")
    masked = "**********" if value and name == "token" else value
    origin = f"environment {variable}" if value else "default"
    return {"of": "client", "name": name, "value": masked or default, "origin": origin}
