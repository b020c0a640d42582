"""`heapwatch dashboard list|show|import|export|delete`"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.options import SERVER, TABLE, ServerOptions, TableOutput
from heapwatch.cli.output import Column, clean, write
from heapwatch.errors import UsageError

app = App(
    name="dashboard",
    help="""List, read, store and delete dashboards.

A dashboard is a text in YAML that says which queries stand on one screen.
Built-in ones stay as they are: show one, change it, and import it under
another name. Storing and deleting needs a token with the scope admin.

For example:

    heapwatch dashboard list
    heapwatch dashboard show memory-leak > shop.yaml
    heapwatch dashboard import shop.yaml
    heapwatch dashboard export --to dashboards/
""",
)

SUFFIX = ".yaml"


@app.command(name="list")
def list_(*, output: TableOutput = TABLE, server: ServerOptions = SERVER) -> int:
    """List all dashboards.

    For example:

        heapwatch dashboard list
        heapwatch dashboard list --json
    """
    columns = [
        Column("name", "NAME"),
        Column("title", "TITLE", elastic=True),
        Column("panels", "PANELS", right=True),
        Column("builtin", "KIND", lambda builtin: "built in" if builtin else "own"),
        Column("changed", "CHANGED", lambda changed: human.moment(changed or None), rank=1),
        Column("faults", "FAULTS", lambda faults: str(faults) if faults else "", right=True, rank=2),
    ]
    with Client(server) as client:
        answer = client.get("/api/v1/dashboards")
    write(columns, answer["dashboards"], output.kind, answer["dashboards"])
    return 0


@app.command
def show(name: str, /, *, server: ServerOptions = SERVER) -> int:
    """Print the text of a dashboard.

    For example:

        heapwatch dashboard show memory-leak > mine.yaml

    Parameters
    ----------
    name
        Its name, as `list` prints it.
    """
    text = _text(name, server)
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    return 0


@app.command(name="import")
def import_(
    files: Annotated[tuple[Path, ...], Parameter(negative="")],
    /,
    *,
    name: str | None = None,
    server: ServerOptions = SERVER,
) -> int:
    """Store dashboards from files; what is there under the same name is replaced.

    Each is stored under its file's name without the ending. All are checked
    first: if one has a fault, none is stored.

    For example:

        heapwatch dashboard import shop.yaml
        heapwatch dashboard import leak.yaml --name memory-leak-of-the-shop

    Parameters
    ----------
    files
        YAML files.
    name
        Store it under this name instead (one file only).
    """
    if name is not None and len(files) > 1:
        raise UsageError(f"--name names one dashboard, but {len(files)} files were given")
    texts = {name or _name_of(file): (file, _read(file)) for file in files}
    with Client(server) as client:
        for file, text in texts.values():
            faults = client.post("/api/v1/dashboards/check", {"text": text})["faults"]
            if faults:
                told = "; ".join(f"line {fault['line']}: {fault['message']}" for fault in faults[:3])
                more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
                raise UsageError(f"{file}: {told}{more}; nothing was stored")
        for wanted, (_file, text) in texts.items():
            stored = client.put(f"/api/v1/dashboards/{wanted}", {"text": text})
            print(f"{stored['name']}: {len(stored['definition']['panels'])} panels")
    return 0


@app.command
def export(*names: str, to: Path = Path(), server: ServerOptions = SERVER) -> int:
    """Write dashboards to files, NAME.yaml each.

    For example:

        heapwatch dashboard export --to dashboards/
        heapwatch dashboard export shop fleet

    Parameters
    ----------
    names
        Which [else all that are not built in].
    to
        Folder for the files; made if it is not there.
    """
    with Client(server) as client:
        rows = client.get("/api/v1/dashboards")["dashboards"]
        wanted = names or tuple(row["name"] for row in rows if not row["builtin"])
        texts = {name: client.get(f"/api/v1/dashboards/{_checked(name)}")["text"] for name in wanted}
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            path = to / f"{name}{SUFFIX}"
            path.write_text(text, encoding="utf-8")
            print(path)
    except OSError as error:
        raise UsageError(f"cannot write to {to}: {error.strerror}") from error
    if not texts:
        print("there is no dashboard of your own; name a built-in one to export it", file=sys.stderr)
    return 0


@app.command
def delete(name: str, /, *, server: ServerOptions = SERVER) -> int:
    """Delete a dashboard.

    For example:

        heapwatch dashboard delete shop

    Parameters
    ----------
    name
        Its name, as `list` prints it.
    """
    with Client(server) as client:
        answer: dict[str, Any] = client.delete(f"/api/v1/dashboards/{_checked(name)}")
    print(f"dashboard {clean(str(answer['deleted']))!r} is deleted")
    return 0


def _text(name: str, server: ServerOptions) -> str:
    with Client(server) as client:
        return str(client.get(f"/api/v1/dashboards/{_checked(name)}")["text"])


def _checked(name: str) -> str:
    """A name goes into an address as it is."""
    if not name or not all(c.isascii() and (c.isalnum() or c == "-") for c in name):
        raise UsageError(f"{clean(name)!r} names no dashboard: small letters, digits and dashes")
    return name


def _name_of(file: Path) -> str:
    return _checked(file.name.removesuffix(SUFFIX).removesuffix(".yml"))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text") from error
