#!/usr/bin/env python3
"""Resolve requirements/*.txt anew: exact versions with hashes, the same on every platform and registry."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LOCKS = {
    "runtime": ["pyproject.toml", "--extra", "all"],
    "dev": ["pyproject.toml", "--extra", "all", "--group", "dev"],
    "docs": ["pyproject.toml", "--group", "docs"],
    "node": ["pyproject.toml", "--group", "node"],
}
"""For whole installations; for everybody who works here; for the documentation; for the web pages."""


def main() -> int:
    uv = shutil.which("uv")
    if not uv:
        print("lock: uv is needed (pip install uv)", file=sys.stderr)
        return 2
    upgrade = ["--upgrade"] if "--upgrade" in sys.argv[1:] else []
    for name, sources in LOCKS.items():
        target = f"requirements/{name}.txt"
        command = [
            uv,
            "pip",
            "compile",
            "-q",
            "--universal",
            "--generate-hashes",
            "--no-header",
            "--no-annotate",
        ]
        done = subprocess.run(
            [*command, "--python-version", "3.11", *upgrade, *sources, "-o", target], cwd=ROOT
        )
        if done.returncode != 0:
            return done.returncode
        print(f"{target}: {sum('==' in line for line in (ROOT / target).read_text().splitlines())} packages")
    return 0


sys.exit(main())
