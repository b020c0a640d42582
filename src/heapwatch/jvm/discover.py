"""Which JVMs run on this machine, and what they are called. Nothing is sent to any of them.

A JVM is a process that maps libjvm.so, whatever its executable is called: a JVM inside Python counts.
Where another user's mappings are closed to us, an hsperfdata file of that pid and user gives it away.
Its name: as configured, else -Dheapwatch.name, else OTEL_SERVICE_NAME, else the main class or jar.
Its labels: -Dheapwatch.label.NAME=..., -Dheapwatch.version and so on, HEAPWATCH_LABELS=a=b,c=d and
OTEL_RESOURCE_ATTRIBUTES, in this order of strength.
"""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from heapwatch.errors import HeapwatchError, Unreadable
from heapwatch.jvm import perfdata, process
from heapwatch.jvm.counters import collector_name, collector_of_options
from heapwatch.jvm.naming import command_of, labels_of, options_of, service_name
from heapwatch.model import Target

_LOOK_AGAIN_S = (1.0, 5.0, 30.0)
"""A JVM's library is mapped some ms after exec: at these ages a process that was none is looked at again."""

_RELEASE = re.compile(r'^JAVA_VERSION="([^"]+)"', re.MULTILINE)

Namer = Callable[[Target], Optional[str]]


class NotFound(HeapwatchError):
    """No JVM of this machine, or several, fit what was asked for."""


class ClosedToUs(HeapwatchError):
    """This process may be a JVM, but it belongs to another user."""


@dataclass
class _Seen:
    target: Optional[Target]
    looked_at: float  # age of the process in seconds
    name: str  # of the program that it was then


class Discovery:
    """Finds JVMs again and again: what is known of a process life is not read twice.

    `min_age_s` leaves out what has only just begun (jcmd, javac, forks of a build) until it has that age.
    `name_of` is the configuration's say on names: it is asked first.
    """

    def __init__(
        self,
        proc: str = "/proc",
        min_age_s: float = 0.0,
        name_of: Optional[Namer] = None,
        age_of: Callable[[int], float] = process.age_s,
    ) -> None:
        self._proc = proc
        self._min_age_s = min_age_s
        self._name_of = name_of
        self._age_of = age_of
        self._seen: Dict[Tuple[int, int], _Seen] = {}
        self._others: Dict[int, Tuple[int, int]] = {}  # pids that were no JVMs and are too old to become one
        self._boot_ms = process.boot_time_ms(proc)

    def scan(self, thorough: bool = True) -> List[Target]:
        """The JVMs that run now, by pid.

        Only a thorough scan finds those that an old process has become: by exec (a script that waits for its
        database first), or by loading a VM late. The others take a tenth of its time.
        """
        found: List[Target] = []
        alive: Set[Tuple[int, int]] = set()
        others, self._others = ({} if thorough else self._others), {}
        hsperfdata = _hsperfdata_of_tmp() if thorough else None
        for pid in sorted(int(name) for name in os.listdir(self._proc) if name.isdigit()):
            if pid in others:
                alive.add(others[pid])
                self._others[pid] = others[pid]
                continue
            try:
                ticks, name = process.life(pid, self._proc)
            except (ProcessLookupError, PermissionError):
                continue
            key = (pid, ticks)
            alive.add(key)
            age = self._age_of(ticks)
            if age < self._min_age_s:
                continue
            seen = self._seen.get(key)
            if seen is None or self._is_due(pid, seen, age, name, hsperfdata):
                if hsperfdata is None:
                    hsperfdata = _hsperfdata_of_tmp()
                target = self._look_at(pid, ticks, hsperfdata)
                if target is None and seen is not None and seen.name == name:
                    target = seen.target
                seen = self._seen[key] = _Seen(target, age, name)
            if seen.target is not None:
                found.append(seen.target)
            elif seen.looked_at > _LOOK_AGAIN_S[-1]:
                self._others[pid] = key
        self._seen = {key: seen for key, seen in self._seen.items() if key in alive}
        return found

    @staticmethod
    def _is_due(
        pid: int, seen: _Seen, age: float, name: str, hsperfdata: Optional[Mapping[int, int]]
    ) -> bool:
        if seen.name != name:
            return True
        if seen.target is None:
            return _due(seen.looked_at, age) or bool(hsperfdata and pid in hsperfdata)
        return not seen.target.java_version and _due(seen.looked_at, age)

    def _look_at(self, pid: int, ticks: int, hsperfdata: Mapping[int, int]) -> Optional[Target]:
        try:
            vm = _vm_of(pid, self._proc)
            if vm is None and hsperfdata.get(pid) == process.status(pid, self._proc).uid:
                vm = "hotspot"
            if not vm:
                return None
            target = self._describe(pid, ticks, vm)
            # The pid may have been given to another process while we looked.
            return target if process.start_ticks(pid, self._proc) == ticks else None
        except (ProcessLookupError, FileNotFoundError, PermissionError):  # it may end at any moment
            return None

    def _describe(self, pid: int, ticks: int, vm: str) -> Target:
        status = process.status(pid, self._proc)
        arguments = process.command_line(pid, self._proc)
        variables = process.environment(pid, self._proc)
        target = Target(
            pid=pid,
            nspid=status.nspid,
            start_ticks=ticks,
            started=process.started_ms(ticks, self._boot_ms),
            name="",
            uid=status.uid,
            gid=status.gid,
            user=_user_name(status.uid),
            vm=vm,
            command=command_of(arguments),
            vm_args=" ".join(option for option in arguments[1:] if option.startswith("-")),
            container=process.container(process.cgroup_paths(pid, self._proc)),
        )
        target = self._with_counters(target)
        if not target.java_version:
            target = replace(target, java_version=_release_version(pid, self._proc))
        options = options_of(arguments, target.vm_args, variables)
        collector = target.collector or collector_of_options(options)
        target = replace(target, collector=collector, labels=labels_of(options, variables or {}))
        configured = self._name_of(target) if self._name_of else None
        comm = _comm(pid, self._proc)
        return replace(
            target,
            name=service_name(target.command, options, variables or {}, configured, comm),
        )

    def _with_counters(self, target: Target) -> Target:
        """The VM's own word is better than its command line: options also come from files and variables."""
        try:
            with perfdata.open_for(target, self._proc) as counters:
                raw = counters.read()
        except (perfdata.NoPerfData, Unreadable):
            return target
        return replace(
            target,
            command=str(raw.get("sun.rt.javaCommand") or target.command),
            vm_args=str(raw.get("java.rt.vmArgs", target.vm_args)),
            java_version=str(raw.get("java.property.java.version", "")),
            collector=collector_name(raw),
        )


def discover(proc: str = "/proc", min_age_s: float = 0.0) -> List[Target]:
    """The JVMs that run on this machine now."""
    return Discovery(proc, min_age_s).scan()


def find(text: str, targets: Optional[Sequence[Target]] = None) -> Target:
    """The one JVM meant by a pid, its name, or a part of its name or command that fits no other."""
    found = list(discover() if targets is None else targets)
    if text.isdigit():
        for target in found:
            if str(target.pid) == text:
                return target
        raise NotFound(_no_such_pid(int(text), found))
    candidates = [target for target in found if target.name == text]
    if not candidates:
        wanted = text.lower()
        candidates = [target for target in found if wanted in target.name.lower()]
        candidates = candidates or [target for target in found if wanted in target.command.lower()]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise NotFound(f"{text!r} fits {len(candidates)} JVMs, say which: {_listed(candidates)}")
    others = f"there are {_listed(found)}" if found else "none runs"
    raise NotFound(f"no JVM here is called {text!r}; {others}")


def check_is_ours(pid: int, proc: str = "/proc") -> None:
    """Say why a running process cannot be seen as a JVM, if rights are the reason."""
    try:
        with open(f"{proc}/{pid}/maps", encoding="utf-8", errors="replace") as file:
            file.read(1)
    except PermissionError:
        status = process.status(pid, proc)
        raise ClosedToUs(
            f"process {pid} runs as {status.uid}:{status.gid}; run as root, or as exactly that uid and gid"
        ) from None
    except (FileNotFoundError, ProcessLookupError):
        raise NotFound(f"there is no process {pid}") from None


# -- one process ------------------------------------------------------------------------------------------


def _vm_of(pid: int, proc: str) -> Optional[str]:
    """ "hotspot" or "openj9"; "" when it is no JVM; None when the mappings are closed to us."""
    try:
        with open(f"{proc}/{pid}/maps", "rb") as file:
            maps = file.read()
    except PermissionError:
        return None
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None
    if b"/libj9vm" in maps:
        return "openj9"
    if b"/libjvm.so" in maps:
        return "hotspot"
    return ""


def _hsperfdata_of_tmp() -> Dict[int, int]:
    """pid -> uid of the files in our /tmp: their names can be seen where their content cannot."""
    files: Dict[int, int] = {}
    for name in os.listdir("/tmp"):
        if name.startswith("hsperfdata_"):
            try:
                for entry in os.scandir(f"/tmp/{name}"):
                    if entry.name.isdigit() and entry.is_file(follow_symlinks=False):
                        files[int(entry.name)] = entry.stat(follow_symlinks=False).st_uid
            except OSError:
                continue
    return files


def _due(looked_at: float, age: float) -> bool:
    return any(looked_at < moment <= age for moment in _LOOK_AGAIN_S)


def _comm(pid: int, proc: str) -> str:
    with open(f"{proc}/{pid}/comm", encoding="utf-8", errors="replace") as file:
        return file.read().strip()


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _release_version(pid: int, proc: str) -> str:
    """JAVA_VERSION of the file `release` beside the running java's libraries; "" when it cannot be found."""
    try:
        home = os.path.dirname(os.path.dirname(os.readlink(f"{proc}/{pid}/exe")))
        for directory in (home, os.path.dirname(home)):
            try:
                with open(f"{proc}/{pid}/root{directory}/release", encoding="utf-8") as file:
                    match = _RELEASE.search(file.read(1 << 16))
            except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
                continue
            if match:
                return match[1]
    except OSError:
        pass
    return ""


# -- command lines ----------------------------------------------------------------------------------------


def _listed(targets: Sequence[Target]) -> str:
    names = [f"{target.pid} {target.name}" for target in targets[:8]]
    return ", ".join(names) + (f" and {len(targets) - 8} more" if len(targets) > 8 else "")


def _no_such_pid(pid: int, found: Sequence[Target]) -> str:
    there = f"JVMs here: {_listed(found)}" if found else "no JVM runs here"
    if not os.path.exists(f"/proc/{pid}"):
        return f"there is no process {pid}; {there}"
    try:
        check_is_ours(pid)
    except HeapwatchError as error:
        return str(error)
    return f"process {pid} is not a JVM; {there}"
