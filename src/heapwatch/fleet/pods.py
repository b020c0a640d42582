"""Kubernetes pods by label, as the user's own `kubectl` lists and reaches them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.fleet.hosts import Pod

_TIMEOUT_S = 30.0


def running(selector: str, namespace: str = "", container: str = "", context: str = "") -> list[Pod]:
    """The running pods that a selector fits; of a pod with several containers the named one, or the first."""
    if shutil.which("kubectl") is None:
        raise UsageError("pods are reached by kubectl, which is not on PATH")
    command = ["kubectl"]
    for option, value in (("--context", context), ("--namespace", namespace)):
        command += [option, value] if value else []
    command += [
        "get",
        "pods",
        "--selector",
        selector,
        "--field-selector",
        "status.phase=Running",
        "-o",
        "json",
    ]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"kubectl did not answer within {_TIMEOUT_S:g} s") from error
    if done.returncode != 0:
        raise UsageError(f"kubectl: {' '.join(done.stderr.decode('utf-8', 'replace').split())[:400]}")
    try:
        return [_pod(item, container, context) for item in json.loads(done.stdout)["items"]]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UsageError("kubectl printed no list of pods") from error


def _pod(item: Any, container: str, context: str) -> Pod:
    names = [each["name"] for each in item["spec"]["containers"]]
    if container and container not in names:
        raise UsageError(f"pod {item['metadata']['name']} has no container {container!r}: {', '.join(names)}")
    return Pod(item["metadata"]["name"], item["metadata"]["namespace"], container or names[0], context)
