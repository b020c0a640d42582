"""What the kernel says of a process and its control group: /proc and cgroupfs, nothing else.

    /proc/PID/stat     4711 (java) S 1 ... field 22 = start time in clock ticks since boot
    /proc/PID/status   NSpid: 4711 7    SigCgt: 2000000181005ccf    VmRSS: 123456 kB

Every reader takes the `proc` directory, so that another mount of it (or a made-up one) can be read.
A process that is gone raises ProcessLookupError; a value that this kernel or our rights do not give is None.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from functools import partial
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
SIGQUIT = 3

_CONTAINER = re.compile(r"(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:/|$)")
_POD = re.compile(r"pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})")
_UNIT = re.compile(r"/([^/]+\.(?:service|scope))(?:/|$)")
_AT_ONCE = 1 << 14
_NO_LIMIT = 1 << 60  # version 1 has no word for "none", only a very large number
_PROCESSES = re.compile(r"^Max processes +(\d+)", re.MULTILINE)
_STATUS = ("State", "Uid", "Gid", "NSpid", "NStgid", "SigCgt", "SigIgn", "VmRSS", "VmSwap")
_PSI = re.compile(r"^some avg10=([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True)
class Status:
    """The lines of /proc/PID/status that matter here. Ids are the effective ones, as the host sees them."""

    state: str
    uid: int
    gid: int
    nspids: Tuple[int, ...]
    caught: int
    ignored: int
    rss: Optional[int]
    swap: Optional[int]

    @property
    def nspid(self) -> int:
        return self.nspids[-1]

    def catches(self, signal: int) -> bool:
        bit = 1 << (signal - 1)
        return bool(self.caught & bit) and not self.ignored & bit


def status(pid: int, proc: str = "/proc") -> Status:
    lines = _lines(_read(f"{proc}/{pid}/status"), _STATUS)
    pids = lines.get("NSpid") or lines.get("NStgid") or str(pid)
    return Status(
        state=lines.get("State", "?").strip()[:1],
        uid=int(lines["Uid"].split()[1]),
        gid=int(lines["Gid"].split()[1]),
        nspids=tuple(int(number) for number in pids.split()),
        caught=int(lines.get("SigCgt", "0"), 16),
        ignored=int(lines.get("SigIgn", "0"), 16),
        rss=_kilobytes(lines.get("VmRSS")),
        swap=_kilobytes(lines.get("VmSwap")),
    )


def start_ticks(pid: int, proc: str = "/proc") -> int:
    return int(_stat_fields(pid, proc)[19])


def life(pid: int, proc: str = "/proc") -> Tuple[int, str]:
    """Start time in ticks, which tells one process from another of its pid, and its command's short name,
    which changes when it becomes another program (exec)."""
    name, _, fields = _read(f"{proc}/{pid}/stat").partition("(")[2].rpartition(")")
    return int(fields.split()[19]), name


def is_kernel_thread(pid: int, proc: str = "/proc") -> bool:
    """Whether a pid is one of the kernel's own workers (PF_KTHREAD, include/linux/sched.h)."""
    return bool(int(_stat_fields(pid, proc)[6]) & 0x200000)


def cpu_ms(pid: int, proc: str = "/proc") -> float:
    """CPU time used so far by all threads, user and system."""
    fields = _stat_fields(pid, proc)
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS_PER_SECOND


def boot_time_ms(proc: str = "/proc") -> int:
    """When the machine booted. Cut to whole seconds, by the kernel; does not move when the clock is set."""
    match = re.search(r"^btime (\d+)$", _read(f"{proc}/stat"), re.MULTILINE)
    return int(match[1]) * 1000 if match else 0


def started_ms(ticks: int, boot_ms: int) -> int:
    return boot_ms + ticks * 1000 // TICKS_PER_SECOND


def age_s(ticks: int) -> float:
    """Seconds since a process with this start time began."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / TICKS_PER_SECOND


def thread_names(pid: int, proc: str = "/proc") -> List[str]:
    """The names of its threads, cut to 15 bytes by the kernel; threads that end meanwhile are left out."""
    names = []
    for thread in os.listdir(f"{proc}/{pid}/task"):
        try:
            names.append(_read(f"{proc}/{pid}/task/{thread}/comm").rstrip("\n"))
        except ProcessLookupError:
            continue
    return names


def blocked_threads(pid: int, proc: str = "/proc") -> Dict[str, str]:
    """Threads that the kernel does not let be interrupted (state D), each with its context switches so far.

    A thread that reads from a disk is one now and then; one that stays so without a single switch is stuck.
    """
    blocked = {}
    for thread in os.listdir(f"{proc}/{pid}/task"):
        try:
            text = _read(f"{proc}/{pid}/task/{thread}/status")
        except ProcessLookupError:
            continue
        if "\nState:\tD" in text:
            blocked[thread] = text[text.find("voluntary_ctxt_switches") :]
    return blocked


def waits_in(pid: int, thread: str, proc: str = "/proc") -> str:
    """The kernel function in which a thread waits."""
    try:
        return _read(f"{proc}/{pid}/task/{thread}/wchan").strip(" \n\0") or "unknown"
    except OSError:
        return "unknown"


def command_line(pid: int, proc: str = "/proc") -> List[str]:
    return [part for part in _read(f"{proc}/{pid}/cmdline").split("\0") if part]


def environment(pid: int, proc: str = "/proc") -> Optional[Mapping[str, str]]:
    """The environment it was started with, or None where our rights do not reach."""
    try:
        text = _read(f"{proc}/{pid}/environ")
    except PermissionError:
        return None
    return dict(part.split("=", 1) for part in text.split("\0") if "=" in part)


def cgroup_paths(pid: int, proc: str = "/proc") -> Mapping[str, str]:
    """The process's control groups: controller -> path; the unified hierarchy's controller is ""."""
    try:
        lines = _read(f"{proc}/{pid}/cgroup").splitlines()
    except (PermissionError, ProcessLookupError):
        return {}
    paths = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def container(paths: Mapping[str, str]) -> str:
    """Whose control groups these are: container id (12 digits), else pod, else systemd unit, else ""."""
    for path in sorted(set(paths.values()), key=len, reverse=True):
        ids = _CONTAINER.findall(path)
        if ids:
            return str(ids[-1])[:12]
        pods = _POD.findall(path)
        if pods:
            return "pod-" + str(pods[-1]).replace("_", "-")
        units = [name for name in _UNIT.findall(path) if not name.startswith(("session-", "user@", "init."))]
        if units:
            return str(units[-1])
    return ""


def open_files(pid: int, proc: str = "/proc") -> Optional[int]:
    try:
        return len(os.listdir(f"{proc}/{pid}/fd"))
    except PermissionError:
        return None


def pressure(kind: str = "cpu", proc: str = "/proc") -> Optional[float]:
    """Share of the last 10 s in which some task waited for `kind`, in per cent (PSI `some avg10`)."""
    try:
        match = _PSI.search(_read(f"{proc}/pressure/{kind}"))
    except OSError:
        return None
    return float(match[1]) if match else None


class ControlGroup:
    """The control group of a process: memory use and limit, and whether its CPU quota throttles it."""

    def __init__(self, paths: Mapping[str, str], root: str = "/sys/fs/cgroup") -> None:
        self._v2 = os.path.exists(f"{root}/cgroup.controllers")
        self._memory_root = root if self._v2 else f"{root}/memory"
        self._memory = self._memory_root + paths.get("" if self._v2 else "memory", "/").rstrip("/")
        self._cpu = f"{root}{paths.get('', '/')}" if self._v2 else f"{root}/cpu{paths.get('cpu', '/')}"
        self._pids_root = root if self._v2 else f"{root}/pids"
        self._pids = self._pids_root + paths.get("" if self._v2 else "pids", "/").rstrip("/")
        self._freezer = f"{root}/freezer{paths.get('freezer', '/')}"
        self._throttled: Optional[int] = None

    def memory_used(self) -> Optional[int]:
        return _number(f"{self._memory}/{'memory.current' if self._v2 else 'memory.usage_in_bytes'}")

    def memory_limit(self) -> Optional[int]:
        """The smallest limit on the way up; None when there is none."""
        name = "memory.max" if self._v2 else "memory.limit_in_bytes"
        return _smallest(self._memory, self._memory_root, name)

    def threads_limit(self) -> Optional[int]:
        """How many threads it may have: the smallest limit on the way up; None when there is none."""
        return _smallest(self._pids, self._pids_root, "pids.max")

    def frozen(self) -> bool:
        if self._v2:
            return _table(f"{self._cpu}/cgroup.events").get("frozen") == 1
        try:
            return _read(f"{self._freezer}/freezer.state").startswith("FR")  # FROZEN, FREEZING
        except OSError:
            return False

    def throttled_since_last_call(self) -> bool:
        """True when the quota stopped the group at least once since this was asked before."""
        count = _table(f"{self._cpu}/cpu.stat").get("nr_throttled")
        before, self._throttled = self._throttled, count
        return count is not None and before is not None and count > before


def metrics(pid: int, group: Optional[ControlGroup] = None, proc: str = "/proc") -> Dict[str, float]:
    """The `jvm.process.*` and `cgroup.*` samples of a process; what cannot be read is left out."""
    seen = status(pid, proc)
    found: Dict[str, Optional[float]] = {
        "jvm.process.rss": seen.rss,
        "jvm.process.swap": seen.swap,
        "jvm.process.open_files": open_files(pid, proc),
        "jvm.process.cpu_ms": cpu_ms(pid, proc),
    }
    if group is not None:
        found["cgroup.memory.used"] = group.memory_used()
        found["cgroup.memory.limit"] = group.memory_limit()
    limits = [user_threads_limit(pid, proc), group.threads_limit() if group is not None else None]
    found["jvm.process.threads_limit"] = min([each for each in limits if each is not None], default=None)
    return {name: float(value) for name, value in found.items() if value is not None}


def user_threads_limit(pid: int, proc: str = "/proc") -> Optional[int]:
    """`ulimit -u`: how many threads the processes of its user may have; None = no limit, or not known."""
    try:
        match = _PROCESSES.search(_read(f"{proc}/{pid}/limits"))
    except OSError:
        return None
    return int(match[1]) if match else None


def _smallest(directory: str, root: str, name: str) -> Optional[int]:
    """The smallest number in the files of this name, from a control group up to the root."""
    limits = []
    while directory.startswith(root):
        limit = _number(f"{directory}/{name}")
        if limit is not None and limit < _NO_LIMIT:
            limits.append(limit)
        directory = os.path.dirname(directory)
    return min(limits) if limits else None


def _stat_fields(pid: int, proc: str) -> List[str]:
    """The fields of /proc/PID/stat from the third on: the second may hold spaces and parentheses."""
    return _read(f"{proc}/{pid}/stat").rpartition(")")[2].split()


def _read(path: str) -> str:
    """The text of a file, by the fewest system calls: an agent reads some dozens every few seconds."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ProcessLookupError(error.errno, error.strerror, path) from error
    try:
        parts = list(iter(partial(os.read, descriptor, _AT_ONCE), b""))
    finally:
        os.close(descriptor)
    return b"".join(parts).decode("utf-8", "replace")


def _lines(text: str, names: Sequence[str]) -> Dict[str, str]:
    """What stands behind these names, each at the beginning of a line; twice as fast as a search for all."""
    text = f"\n{text}\n"
    found = {}
    for name in names:
        at = text.find(f"\n{name}:")
        if at >= 0:
            start = at + len(name) + 2
            found[name] = text[start : text.index("\n", start)].strip()
    return found


def _number(path: str) -> Optional[int]:
    try:
        text = _read(path).strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _table(path: str) -> Dict[str, int]:
    try:
        text = _read(path)
    except OSError:
        return {}
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _kilobytes(value: Optional[str]) -> Optional[int]:
    return int(value.split()[0]) * 1024 if value else None
