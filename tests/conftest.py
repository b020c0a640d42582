"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any, Callable

import pytest
from hypothesis import settings
from runner.checks import STAGES
from xdist.scheduler import LoadFileScheduling

# A busy machine is no finding: no property fails because an example took long. Before a release:
# ./run test unit --hypothesis-profile=thorough
settings.register_profile("patient", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("patient")

# A shell that starts us in the background lets us ignore Ctrl-C, and with us all that we start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


TOGETHER = {
    f"tests/browser/test_{name}.py": "the scene of story.py" for name in ("leaks", "leak_screens", "verify")
}
"""Files that one worker runs, one after the other: their server is dear, and some write to it."""


class _Scheduling(LoadFileScheduling):
    """A file is one worker's, and so is a group of them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER.get(file, file)


class _Workers:
    """What only a run with several workers knows of."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> _Scheduling | None:
        return _Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_configure(config: pytest.Config) -> None:
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_Workers())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A stage looks only where its tests are: none may be anywhere else."""
    rooms = {stage.name: stage.rooms for stage in STAGES if stage.rooms}
    for item in items:
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        astray = [mark.name for mark in item.iter_markers() if room not in rooms.get(mark.name, [room])]
        if astray:
            raise pytest.UsageError(
                f"{item.nodeid} is marked {astray[0]}; scripts/runner/checks.py does not look there"
            )
    _told_in_order(items)


def _told_in_order(items: list[pytest.Item]) -> None:
    """A file with `IN_ORDER = True` is one server's story: its tests stay as they are written."""
    stories: dict[Path, list[int]] = {}
    for place, item in enumerate(items):
        if getattr(getattr(item, "module", None), "IN_ORDER", False):
            stories.setdefault(item.path, []).append(place)
    for places in stories.values():
        told = sorted((items[place] for place in places), key=lambda item: item.location[1] or 0)
        for place, item in zip(places, told):
            items[place] = item


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
