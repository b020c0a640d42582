"""Tools that come from the system: found on PATH, else installed through apt-get where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import List, NamedTuple, Optional, Sequence

from .work import CACHE, Failure, logged, say

UNPACKED = CACHE / "debian"
"""Servers of others that tests start themselves. Installed they would run as services of this machine."""


class Tool(NamedTuple):
    command: str
    package: str
    purpose: str


JAVA = Tool("javac", "openjdk-17-jdk-headless", "a JDK for the demo's JVMs")
MAVEN = Tool("mvn", "maven", "building the demo's Akka program")
CHROMIUM = Tool("chromium-headless-shell", "chromium-headless-shell", "browser tests")
JATTACH = Tool("jattach", "jattach", "comparing with jattach in benchmarks")
NETCAT = Tool("nc", "netcat-openbsd", "the nc line of the documentation")
COLLECTD = Tool("collectd", "collectd-core", "a peer that sends: collectd")
PROMETHEUS = Tool("prometheus", "prometheus", "a peer that sends, takes and answers: Prometheus")
ALERTMANAGER = Tool("prometheus-alertmanager", "prometheus-alertmanager", "a peer that takes alerts")
"""It reads its templates where they are installed, so that it cannot be unpacked elsewhere."""
VICTORIA = Tool("victoria-metrics", "victoria-metrics", "a peer that takes samples: VictoriaMetrics")
CARBON = Tool(
    "carbon-cache", "graphite-carbon", "comparing with carbon in benchmarks"
)  # no service as it comes
SSHD = Tool("sshd", "openssh-server", "a peer that is reached: OpenSSH's server")
POSTGRES = Tool("pg_ctlcluster", "postgresql", "a peer that remembers runs: PostgreSQL")
SUDO = Tool("sudo", "sudo", "a peer that is asked to become somebody: sudo")
DOAS = Tool("doas", "opendoas", "a peer that is asked to become somebody: doas")
"""Both work only where they are installed: they need their owner's bits."""
PEERS = (COLLECTD, PROMETHEUS, VICTORIA)
LIBRARIES = ("libcurl3-gnutls", "libgcrypt20", "libyajl2")  # of collectd


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


def path() -> str:
    """PATH, and behind it what was unpacked."""
    return os.pathsep.join(
        [os.environ.get("PATH", os.defpath), str(UNPACKED / "usr/bin"), str(UNPACKED / "usr/sbin")]
    )


def unpack(*tools: Tool) -> None:
    """Have these tools, in a folder of our own where they are not installed."""
    missing = [tool for tool in tools if not shutil.which(tool.command, path=path())]
    if not missing:
        return
    if COLLECTD in missing:
        install(LIBRARIES, "libraries of collectd")  # which reads the lists of packages, too
    say("system", f"unpacking {' '.join(tool.package for tool in missing)} (peers of tests)")
    packages = UNPACKED / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    told = f"Debian's packages could not be had. Type: {line_to_type([tool.package for tool in missing])}"
    command = ["apt-get", "download", "-q", *(tool.package for tool in missing)]
    logged("apt", command, told, cwd=packages)
    for archive in packages.glob("*.deb"):
        logged("apt", ["dpkg", "-x", str(archive), str(UNPACKED)], told)
    shutil.rmtree(packages)


POLICY = "/usr/sbin/policy-rc.d"
"""What Debian asks before it starts a service that is being installed."""


def ensure_stopped(tool: Tool) -> None:
    """Have a tool that comes as a service: installed, neither started now nor with the machine."""
    if shutil.which(tool.command, path=f"{path()}:/usr/sbin"):
        return
    prefix = _as_root() or []
    silenced = os.path.exists(POLICY)
    if not silenced:
        script = f"printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}"
        subprocess.run([*prefix, "sh", "-c", script], check=False)
    try:
        install([tool.package], tool.purpose)
    finally:
        if not silenced:
            subprocess.run([*prefix, "rm", "-f", POLICY], check=False)
    if shutil.which("systemctl"):
        service = "ssh" if tool is SSHD else tool.package
        subprocess.run([*prefix, "systemctl", "disable", "-q", service], check=False, capture_output=True)


def ensure_or_say(*tools: Tool, peers: Sequence[Tool] = ()) -> None:
    """Have these tools where possible; without them the tests that need them are skipped (but not in CI)."""
    try:
        ensure(*tools)
        unpack(*peers)
        if peers == PEERS:
            ensure_stopped(ALERTMANAGER)
            ensure_stopped(SSHD)
            ensure_stopped(POSTGRES)
            ensure(SUDO, DOAS)
    except Failure as failure:
        if os.environ.get("CI") == "true":
            raise
        say("system", str(failure))
