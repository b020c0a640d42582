"""From labels to the JVM they speak of."""

from __future__ import annotations

from collections.abc import Mapping

from heapwatch.model import JvmId

IDENTITY = ("host", "jvm", "pid", "started")


def identity(labels: Mapping[str, str]) -> JvmId | None:
    """The JVM that labels speak of; None when they speak of none."""
    if not labels.get("host") or not labels.get("jvm"):
        return None
    pid, started = labels.get("pid") or "0", labels.get("started") or "0"
    if not (pid.isdecimal() and started.isdecimal()):
        return None
    return JvmId(labels["host"], labels["jvm"], int(pid), int(started))


def others(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that are not the JVM's name."""
    return {name: value for name, value in labels.items() if name not in IDENTITY}
