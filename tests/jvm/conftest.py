"""What the tests of the jvm room share: recorded outputs, real JVMs, a runtime directory of their own."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Callable, List

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from jvms.fixtures import (  # noqa: F401
    classes,
    java,
    jdk_tool,
    jvm_home,
    jvm_version,
    lab,
    labs,
    shared_java,
)

RECORDED = Path(__file__).parents[1] / "jvms" / "recorded"


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], bytes]:
    """`recorded("17.0.9.histogram")`: what a real JVM said, byte by byte."""

    def content(name: str) -> bytes:
        return gzip.decompress((RECORDED / f"{name}.gz").read_bytes())

    return content


def recordings(suffix: str) -> List[str]:
    """The recordings with this ending, without it."""
    names = sorted(path.name for path in RECORDED.glob(f"*.{suffix}.gz"))
    assert names, f"no recordings *.{suffix}.gz"
    return [name[: -len(f".{suffix}.gz")] for name in names]


@pytest.fixture(autouse=True)
def private_runtime_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Locks and remembered failures of these tests are not those of a heapwatch that runs here."""
    monkeypatch.setenv("HEAPWATCH_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
