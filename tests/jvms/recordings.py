"""What real JVMs said, recorded by record.py: for tests that need no JVM."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import List

DIRECTORY = Path(__file__).parent / "recorded"


def content(name: str) -> bytes:
    """`content("17.0.9.histogram")`, byte by byte."""
    return gzip.decompress((DIRECTORY / f"{name}.gz").read_bytes())


def named(suffix: str) -> List[str]:
    """The recordings with this ending, without it: `named("histogram")` -> ["11.0.13", ...]."""
    names = sorted(path.name for path in DIRECTORY.glob(f"*.{suffix}.gz"))
    assert names, f"no recordings *.{suffix}.gz"
    return [name[: -len(f".{suffix}.gz")] for name in names]
