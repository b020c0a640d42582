"""From what a user names to hosts.

hosts.toml, hosts.yml     our own form (own.py)
inventory, *.yml, folder  Ansible's, by `ansible-inventory --list` as Ansible itself understands it
an executable file        the same; without Ansible it is run itself: `FILE --list` prints JSON
web1,web2,                the hosts themselves
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, Sequence

import tomllib

from heapwatch.errors import UsageError
from heapwatch.fleet import ansible, own
from heapwatch.fleet.hosts import Host, Inventory

_OURS = re.compile(r"^(hosts|kubernetes):[ \t]*(#.*)?(\[|\n(\s*(#.*)?\n)*\s*-)", re.MULTILINE)
_TIMEOUT_S = 60.0


def read(source: str, written: Callable[[Path], own.Written]) -> Inventory:
    """The inventory that is meant; `written` reads a YAML file with the places of its faults."""
    path = Path(source).expanduser()
    if "," in source and not path.exists():
        names = [name.strip() for name in source.split(",") if name.strip()]
        return Inventory({name: Host(name) for name in names})
    if not path.exists():
        raise UsageError(f"no inventory {source}: a file or folder, or hosts with commas (web1,web2)")
    if path.suffix == ".toml":
        return own.hosts(_toml(path))
    if path.suffix in (".yml", ".yaml") and path.is_file() and _is_ours(path):
        return own.hosts(written(path))
    return ansible.hosts(_ansible_json(path), str(path))


def _is_ours(path: Path) -> bool:
    try:
        return bool(_OURS.search(path.read_text(encoding="utf-8", errors="replace")))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


class _Toml:
    """A TOML file; its faults are told by key."""

    def __init__(self, path: Path, value: Any) -> None:
        self.value = value
        self._path = path

    def error(self, path: tuple[str | int, ...], text: str) -> UsageError:
        words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        return UsageError(f"{self._path}: {words}: {text}")


def _toml(path: Path) -> _Toml:
    try:
        return _Toml(path, tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error


def _ansible_json(path: Path) -> Any:
    tool = shutil.which("ansible-inventory")
    if tool is not None:
        # An inventory that cannot be read is an error here, and no empty inventory.
        strict = {"ANSIBLE_INVENTORY_UNPARSED_FAILED": "true", "ANSIBLE_NOCOLOR": "true"}
        return _json_of([tool, "-i", str(path), "--list"], strict)
    if path.is_file() and os.access(path, os.X_OK):
        return _json_of([os.path.abspath(path), "--list"], {})
    raise UsageError(
        f"{path} looks like an Ansible inventory, which ansible-inventory reads: pip install ansible-core "
        "(or write it in our own form: a .toml, or a .yml with a list of `hosts`)"
    )


def _json_of(command: Sequence[str], more: dict[str, str]) -> Any:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            env={**os.environ, **more},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{command[0]} did not end within {_TIMEOUT_S:g} s") from error
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise UsageError(f"{' '.join(command)}: {said[-400:] or f'exit code {done.returncode}'}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise UsageError(f"{' '.join(command)} printed no JSON: {error}") from error
