"""The web pages: built when ui/ changed; type checks and tests of ui/."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import build_ui

from . import python
from .work import CACHE, Failure, Stopwatch, heard, logged, say


def _node() -> Tuple[List[str], str]:
    found = build_ui.node_on_path()
    if found is None:
        site = CACHE / "node"
        found = build_ui.node_of_wheel(site)
        if found is None:
            say("pages", "fetching Node.js from PyPI")
            python.installed_into(site, "node")
            found = build_ui.node_of_wheel(site)
    if found is None:
        raise Failure("Node.js 20.19 or newer is needed to build the web pages; put it on PATH and try again")
    return found


def _run(command: List[str], cwd: Path, env: Dict[str, str]) -> None:
    logged("pages", command, "The web pages could not be built", cwd=cwd, env=env)


def build() -> None:
    if build_ui.is_built():
        return
    watch = Stopwatch()
    say("pages", "building the web pages")
    build_ui.build(*_node(), _run)
    say("pages", f"built in {watch}")


def development_server() -> subprocess.Popen[bytes]:
    """Vite's own server, which passes the API through to ours."""
    npm, directory = _node()
    build_ui.install_packages(npm, directory, _run)
    environment = build_ui.npm_environment(directory)
    return subprocess.Popen([*npm, "run", "dev"], cwd=build_ui.UI, env=environment)


def scripts() -> Callable[[str], Tuple[int, str]]:
    """What runs `npm run WORD` in ui/, once the packages are there: exit code, and what was said."""
    npm, directory = _node()
    build_ui.install_packages(npm, directory, _run)
    environment = build_ui.npm_environment(directory)
    return lambda word: heard([*npm, "run", "--silent", word], environment, build_ui.UI)
