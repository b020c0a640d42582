"""What the tests of the jvm room share: recorded outputs, real JVMs, a runtime directory of their own."""

from __future__ import annotations

from typing import Callable

import pytest

from jvms import recordings
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


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], bytes]:
    """`recorded("17.0.9.histogram")`: what a real JVM said, byte by byte."""
    return recordings.content


@pytest.fixture(autouse=True)
def private_runtime_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Locks and remembered failures of these tests are not those of a heapwatch that runs here."""
    monkeypatch.setenv("HEAPWATCH_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
