"""Where a JVM writes its GC log, by its own options.

    -Xlog:gc*:file=/var/log/gc.log:time,uptime:filecount=5,filesize=10m      9 and newer; rotated by rename
    -Xlog:gc:/var/log/gc-%p.log     -Xloggc:logs/gc.log                      8, and an alias later
    -Xloggc:gc.log -XX:+UseGCLogFileRotation                                 8: gc.log.0.current, gc.log.1 ...

A relative path is seen from where the process runs, all paths from its own root: it may live in a container.
"""

from __future__ import annotations

import os
import re
from typing import Iterator, List

from heapwatch.model import Target

_OPTION = re.compile(r'(?:[^\s"]|"[^"]*")+')
_OUTPUT = re.compile(r'(?:file=)?(?:"([^"]*)"|([^:]+))')
_UPTIME = re.compile(r"\[?(?P<s>\d{1,8})[.,](?P<ms>\d{3})s?\]?(?:\[|:| )")


def gc_log_paths(target: Target, proc: str = "/proc") -> List[str]:
    """The GC logs of a JVM, as patterns; none when it writes none, or when we may not look."""
    try:
        root, cwd = (os.readlink(f"{proc}/{target.pid}/{link}") for link in ("root", "cwd"))
    except OSError:
        return []
    found = []
    for name in _names(target.vm_args):
        inside = os.path.join(cwd if root == "/" else _within(cwd, root), _filled(name, target))
        path = inside if root == "/" else f"{proc}/{target.pid}/root{inside}"
        found.append(os.path.normpath(path))
    return found


def uptime_ms(line: str) -> int | None:
    """How long the JVM had run when it wrote this line: `[1.234s][info][gc]`, `1.234: [GC`."""
    found = _UPTIME.match(line)
    return int(found["s"]) * 1000 + int(found["ms"]) if found else None


def _names(vm_args: str) -> Iterator[str]:
    options = _OPTION.findall(vm_args)
    rotated = "-XX:+UseGCLogFileRotation" in options
    for option in options:
        if option.startswith("-Xloggc:"):
            name = option[len("-Xloggc:") :].strip('"')
            yield f"{name}.*.current" if rotated else name
        elif option.startswith("-Xlog:"):
            what, _, rest = option[len("-Xlog:") :].partition(":")
            output = _OUTPUT.match(rest)
            if output and re.search(r"\bgc\b|\ball\b", what):
                name = output[1] or output[2]
                if name not in ("stdout", "stderr"):
                    yield name


def _filled(name: str, target: Target) -> str:
    return name.replace("%p", str(target.nspid)).replace("%t", "*").replace("%hn", "*")


def _within(path: str, root: str) -> str:
    """A path as a process in another root sees it."""
    return path[len(root) :] or "/" if path.startswith(root) else path
