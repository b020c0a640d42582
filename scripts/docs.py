#!/usr/bin/env python3
"""Build the documentation into build/docs, strictly: docs.py [build | serve]. Run by ./run docs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    words = sys.argv[1:] or ["build"]
    if words[0] not in ("build", "serve"):
        print("docs: the words are build and serve", file=sys.stderr)
        return 2
    zensical = str(Path(sys.executable).with_name("zensical"))
    strict = ["--strict", "--clean"] if words[0] == "build" else []
    done = subprocess.run(
        [zensical, words[0], "-f", "mkdocs.yml", *strict, *words[1:]], cwd=ROOT, env=os.environ
    )
    if done.returncode == 0 and words[0] == "build":
        print(f"build/docs/index.html, {sum(1 for _ in (ROOT / 'build/docs').rglob('*.html'))} pages")
    return done.returncode


sys.exit(main())
