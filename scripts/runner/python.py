"""The virtual environment: made with uv where there is uv, else with python3 -m venv and pip."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import List

from . import debian
from .work import ROOT, VENV, Failure, Stamp, Stopwatch, digest, logged, say

OLDEST = (3, 11)
PYTHON = VENV / "bin" / "python"
LOCKS = ROOT / "requirements"


def _interpreter() -> str:
    """A Python that the server's libraries run on: ours, else one of PATH."""
    names = [f"python3.{minor}" for minor in range(14, OLDEST[1] - 1, -1)]
    for candidate in [sys.executable, "python3", *names]:
        path = shutil.which(candidate)
        if path:
            asked = [path, "-c", f"import sys; sys.exit(sys.version_info < {OLDEST!r})"]
            if subprocess.run(asked, capture_output=True).returncode == 0:
                return path
    raise Failure(
        "Python 3.11 or newer is needed for the server (the agent alone runs on 3.9). "
        "Install one, for example Debian 12's: sudo apt-get install -y python3 python3-venv"
    )


def _create() -> None:
    uv = shutil.which("uv")
    interpreter = _interpreter()
    told = f"The virtual environment could not be made with {interpreter}"
    if VENV.exists():
        shutil.rmtree(VENV)
    if uv:
        logged("python", [uv, "venv", "-q", "--python", interpreter, str(VENV)], told)
        return
    if subprocess.run([interpreter, "-c", "import ensurepip, venv"], capture_output=True).returncode != 0:
        debian.install(["python3-venv"], "Python's venv")
    logged("python", [interpreter, "-m", "venv", str(VENV)], told)


def pip(*arguments: str) -> List[str]:
    """The command that installs into the environment, by uv or by pip."""
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", *arguments[:1], "-q", "--python", str(PYTHON), *arguments[1:]]
    return [str(PYTHON), "-m", "pip", *arguments[:1], "-q", "--disable-pip-version-check", *arguments[1:]]


def _works() -> bool:
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], capture_output=True).returncode == 0


def install(lock: str = "dev") -> None:
    """Put what the lock says, hash by hash, and the project itself into the environment."""
    stamp = Stamp("python", digest([LOCKS / f"{lock}.txt", ROOT / "pyproject.toml"], str(ROOT)))
    if stamp.fresh() and PYTHON.exists():
        return
    watch = Stopwatch()
    if not _works():
        say("python", f"making {VENV.name}")
        _create()
    say("python", f"installing requirements/{lock}.txt")
    told = "The Python packages could not be installed; with a network, type ./run setup again"
    logged("python", pip("install", "--require-hashes", "-r", str(LOCKS / f"{lock}.txt")), told)
    logged("python", pip("install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)), told)
    stamp.set()
    say("python", f"ready in {watch}")


def add(lock: str) -> None:
    """Put what another lock says into the environment as well."""
    stamp = Stamp(lock, digest([LOCKS / f"{lock}.txt"]))
    if not stamp.fresh():
        say("python", f"installing requirements/{lock}.txt")
        told = f"requirements/{lock}.txt could not be installed; with a network, try again"
        logged("python", pip("install", "--require-hashes", "-r", str(LOCKS / f"{lock}.txt")), told)
        stamp.set()


def installed_into(target: Path, lock: str) -> None:
    """Unpack what a lock says into a directory of its own (for tools that are not Python)."""
    told = f"requirements/{lock}.txt could not be installed; with a network, try again"
    logged(
        "python",
        pip("install", "--require-hashes", "--target", str(target), "-r", str(LOCKS / f"{lock}.txt")),
        told,
    )
