"""The floors of the house: imports go down, and the agent needs nothing but Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

AGENT_MODULES = """
import importlib, pathlib, pkgutil, sys
import heapwatch
for room in ("errors", "model", "jvm", "wire", "ship", "agent"):
    module = importlib.import_module(f"heapwatch.{room}")
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
        if not found.name.endswith(".__main__"):
            importlib.import_module(found.name)
print(len([name for name in sys.modules if name.startswith("heapwatch.")]))
"""


def test_imports_go_down_the_floors() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_agent_imports_where_no_package_is_installed() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", AGENT_MODULES], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20
