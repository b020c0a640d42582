#!/usr/bin/env python3
"""Build the documentation into build/docs, strictly: docs.py [build | serve]. Run by ./run docs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def forget() -> None:
    """What --clean is for, but not all of .cache as it does: the tests' JVMs and our logs lie there too."""
    for file in (ROOT / ".cache").glob("*"):
        if file.is_file():
            file.unlink()
    shutil.rmtree(ROOT / "build" / "docs", ignore_errors=True)


def main() -> int:
    words = sys.argv[1:] or ["build"]
    if words[0] not in ("build", "serve"):
        print("docs: the words are build and serve", file=sys.stderr)
        return 2
    zensical = str(Path(sys.executable).with_name("zensical"))
    strict = ["--strict"] if words[0] == "build" else []
    if strict:
        forget()
    done = subprocess.run(
        [zensical, words[0], "-f", "mkdocs.yml", *strict, *words[1:]], cwd=ROOT, env=os.environ
    )
    if done.returncode == 0 and words[0] == "build":
        print(f"build/docs/index.html, {sum(1 for _ in (ROOT / 'build/docs').rglob('*.html'))} pages")
    return done.returncode


sys.exit(main())
