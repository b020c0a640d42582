"""Tools that come from the system: found on PATH, else installed through apt-get where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import List, NamedTuple, Optional, Sequence

from .work import Failure, logged, say


class Tool(NamedTuple):
    command: str
    package: str
    purpose: str


JAVA = Tool("javac", "openjdk-17-jdk-headless", "a JDK for the demo's JVMs")
MAVEN = Tool("mvn", "maven", "building the demo's Akka program")
CHROMIUM = Tool("chromium-headless-shell", "chromium-headless-shell", "browser tests")
JATTACH = Tool("jattach", "jattach", "comparing with jattach in benchmarks")
NETCAT = Tool("nc", "netcat-openbsd", "the nc line of the documentation")


def _as_root() -> Optional[List[str]]:
    """What makes a command run as root without asking anybody; None when nothing does."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def line_to_type(packages: Sequence[str]) -> str:
    return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(packages)}"


def install(packages: Sequence[str], purpose: str) -> None:
    prefix = _as_root()
    if prefix is None or not shutil.which("apt-get"):
        raise Failure(
            f"{purpose} is missing and cannot be installed from here. Type: {line_to_type(packages)}"
        )
    say("system", f"installing {' '.join(packages)} ({purpose})")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    told = f"Debian's packages could not be installed. Type: {line_to_type(packages)}"
    logged("apt", [*prefix, "apt-get", "update", "-q"], told, env=quiet)
    command = [*prefix, "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    logged("apt", command, told, env=quiet)


def ensure(*tools: Tool) -> None:
    """Have these tools, or say what to type."""
    missing = [tool for tool in tools if not shutil.which(tool.command)]
    if missing:
        install([tool.package for tool in missing], " and ".join(tool.purpose for tool in missing))


def ensure_or_say(*tools: Tool) -> None:
    """Have these tools where possible; without them the tests that need them are skipped (but not in CI)."""
    try:
        ensure(*tools)
    except Failure as failure:
        if os.environ.get("CI") == "true":
            raise
        say("system", str(failure))
