"""The agent as one file, on the oldest Python it promises to run on, with nothing installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import build_agent_pyz
import pytest
from tests.agent.conftest import Mail
from tests.ship.doors import HttpDoor

from jvms.fixtures import Program

ISOLATED = ("-S", "-s", "-E")
CONFIG = """
host = "old-machine"  # read by our own parser where there is no tomllib
only = [ "pyz-lab" ]
interval = "0.2s"
rescan = "0.1s"
listen = "off"
spool = "{spool}"
[budget]
share = "100%"
max_pressure = "100%"
[[sink]]
kind = "heapwatch"
url = "{url}"
"""


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_agent_pyz.build(tmp_path_factory.mktemp("dist") / "heapwatch-agent.pyz")


@pytest.fixture(scope="module")
def old_python() -> str:
    """Any Python 3.9 that runs; without one the test is done with the Python at hand, and says so."""
    places = [shutil.which("python3.9") or ""]
    for root in (os.environ.get("PYENV_ROOT", "~/.pyenv") + "/versions", "~/.local/share/uv/python", "/opt"):
        places += map(str, sorted(Path(root).expanduser().glob("*3.9*/bin/python3.9")))
    for place in filter(None, places):
        told = subprocess.run([place, "--version"], capture_output=True, text=True, check=False)
        if told.returncode == 0 and told.stdout.startswith("Python 3.9"):
            return place
    warnings.warn(f"no Python 3.9 here: the file is tried with {sys.version.split()[0]}", stacklevel=1)
    return sys.executable


def test_it_holds_the_agent_s_rooms_and_nothing_else(pyz: Path) -> None:
    names = zipfile.ZipFile(pyz).namelist()
    rooms = {name.split("/")[1] for name in names if name.count("/") > 1}
    assert rooms == {"agent", "jvm", "ship", "wire"}
    assert {name for name in names if name.count("/") < 2} == {
        "__main__.py", "heapwatch/__init__.py", "heapwatch/errors.py", "heapwatch/model.py",
    }  # fmt: skip


def test_the_same_sources_give_the_same_bytes(pyz: Path, tmp_path: Path) -> None:
    assert build_agent_pyz.build(tmp_path / "again.pyz").read_bytes() == pyz.read_bytes()


def test_it_runs_as_a_program(pyz: Path) -> None:
    told = subprocess.run([str(pyz), "version"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("heapwatch-agent ")


def test_it_reads_its_configuration_on_an_old_python(pyz: Path, old_python: str, tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(CONFIG.format(url="http://s:1", spool=tmp_path / "spool"))
    command = [old_python, *ISOLATED, str(pyz), "check-config", "--config", str(config)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.stderr == ""
    assert "host = old-machine" in told.stdout
    config.write_text("interval = 10s")
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert told.stderr.startswith(f"heapwatch-agent: {config}")


@pytest.mark.jvm
def test_it_watches_a_jvm_on_an_old_python(
    pyz: Path,
    old_python: str,
    java: Callable[..., Program],
    home: Path,
    door: HttpDoor,
    mail: Mail,
    tmp_path: Path,
) -> None:
    java(home, "Lab", "-Dheapwatch.name=pyz-lab").tell("hold 33")
    config = tmp_path / "agent.toml"
    config.write_text(CONFIG.format(url=door.url, spool=tmp_path / "spool"))
    command = [old_python, *ISOLATED, str(pyz), "run", "--config", str(config), "--quiet"]
    environment = {**os.environ, "HEAPWATCH_RUNTIME_DIR": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as agent:
        try:
            snapshot = mail.until(lambda: mail.snapshots and mail.snapshots[0])
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(60) == 0
        finally:
            agent.kill()
    histogram = snapshot.histogram
    assert histogram.instances[histogram.classes.index("Lab$Node")] == 33
    assert snapshot.jvm.host == "old-machine"
