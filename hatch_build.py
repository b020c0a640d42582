"""Build hook: a wheel carries the built web pages, or is not made.

Editable installs are left alone; ./run builds the pages for them. From a source archive, which brings built
pages but no digest of them, they are taken as they are.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

import build_ui


class PagesHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if version == "editable" or build_ui.is_built() or self._came_with_the_source():
            return
        node = build_ui.node_on_path()
        if node is None:
            raise RuntimeError(
                "the web pages are not built, and there is no Node.js 20.19 or newer on PATH: "
                "type ./run setup, then build"
            )
        build_ui.build(*node, self._run)
        if not build_ui.is_built():
            raise RuntimeError("building the web pages left no src/heapwatch/web/static/index.html")

    def _came_with_the_source(self) -> bool:
        root = Path(self.root)
        return (root / "PKG-INFO").exists() and (build_ui.STATIC / "index.html").exists()

    def _run(self, command: list[str], cwd: Path, env: dict[str, str]) -> None:
        self.app.display_info(f"$ {' '.join(command)}")
        done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(
                f"the web pages could not be built: {' '.join(command)} ended with {done.returncode}"
            )
