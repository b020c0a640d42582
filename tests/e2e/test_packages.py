"""What is shipped: a wheel that carries everything, is refused without pages, and works once installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("src", "ui", "examples", "scripts", "requirements", "hatch_build.py", "pyproject.toml")
TEXTS = ("LICENSE", "README.md", "CHANGELOG.md")
NOT_SOURCES = shutil.ignore_patterns("node_modules", "target", "__pycache__", "static")


def copied(folder: Path) -> Path:
    """The project's sources as a clone has them: without anything built."""
    for name in (*PARTS, *TEXTS):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=NOT_SOURCES)
        else:
            shutil.copy(source, folder / name)
    return folder


def build(project: Path, target: Path, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = build(ROOT, folder, os.environ["PATH"])
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, timeout=120)
    return folder / "bin"


@pytest.fixture(scope="module")
def with_extras(wheel: Path, installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with the packages of the extras: those that this test runs on."""
    folder = tmp_path_factory.mktemp("extras")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [str(installed / "python"), "-m", "pip", "--python", str(python), "install", "-q"]
    subprocess.run([*pip, "--no-index", "--no-deps", str(wheel)], check=True, timeout=120)
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    site = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    (site / "extras.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin"


def said(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), *words], capture_output=True, text=True, timeout=120, cwd="/")


def test_a_wheel_carries_pages_migrations_types_and_the_demo(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "heapwatch/web/static/index.html" in names
    assert "heapwatch/py.typed" in names
    assert "heapwatch/cli/demo/examples/memleak/pom.xml" in names
    for shipped in ("workflows/periodic-collection", "playbooks/repair-collection", "monitors/leak"):
        assert f"heapwatch/cli/demo/examples/{shipped}.yml" in names
    assert any(name.startswith("heapwatch/store/schema/") and name.endswith(".sql") for name in names)
    assert any(name.startswith("heapwatch/cli/demo/examples/memleak/twin/") for name in names)
    assert not [
        name for name in names if ".digest" in name or "__pycache__" in name or "node_modules" in name
    ]


def test_a_wheel_is_not_made_without_its_pages(tmp_path: Path) -> None:
    done = build(copied(tmp_path / "project"), tmp_path / "dist", path="/nowhere")
    assert done.returncode != 0
    assert "the web pages are not built" in done.stderr
    assert not list((tmp_path / "dist").glob("*.whl"))


def test_a_bare_installation_is_the_agent(installed: Path) -> None:
    assert said(installed / "heapwatch-agent", "--help").returncode == 0
    missing = said(installed / "heapwatch", "ps")
    assert missing.returncode == 2
    assert "pip install 'heapwatch[cli]'" in missing.stderr


def test_an_installation_with_extras_has_the_commands(with_extras: Path) -> None:
    version = said(with_extras / "heapwatch", "--version")
    assert version.returncode == 0, version.stderr
    assert "0.1.0" in version.stdout
    assert "heapwatch demo" in said(with_extras / "heapwatch", "demo", "--help").stdout


def test_an_installed_demo_finds_what_it_runs(with_extras: Path) -> None:
    asked = "from heapwatch.cli.demo.build import shipped, sources; "
    asked += "print(sources(), *shipped('workflows').iterdir())"
    found, *workflows = said(with_extras / "python", "-c", asked).stdout.split()
    assert {Path(each).name for each in workflows} >= {"periodic-collection.yml", "evidence.yml"}
    assert found.endswith("site-packages/heapwatch/cli/demo/examples/memleak")
