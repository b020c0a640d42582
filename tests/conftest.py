"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import signal
from typing import Callable

import pytest
from hypothesis import settings

# A busy machine is no finding: no property fails because an example took long.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# A shell that starts us in the background lets us ignore Ctrl-C, and with us all that we start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def needs() -> Callable[[str], str]:
    """`needs("mvn")` is the path of a tool; without it the test is skipped, and fails in CI."""

    def path_of(tool: str) -> str:
        path = shutil.which(tool)
        if path is None:
            missing = f"{tool} is not on PATH (./run setup and ./run test install what they can)"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
        return path

    return path_of
