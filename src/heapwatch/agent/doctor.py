"""What works with each JVM of this machine, what does not, and what to do about it.

counters     hsperfdata can be read                  nothing is stopped, ever
attach       the JVM would answer                    looked at from outside; nothing is sent
pause        a histogram fits the default budget     predicted from the used heap
histogram    one was taken                           only when asked for (--try)
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Callable, List, Sequence

from heapwatch.agent.around import Lookout
from heapwatch.errors import HeapwatchError
from heapwatch.jvm import perfdata, process, sample, visits
from heapwatch.jvm.budget import Limits, PauseBudget
from heapwatch.jvm.listener import Listener
from heapwatch.model import ALL, Target

_PATIENCE_S = 1.0


@dataclass
class Check:
    name: str
    good: bool
    text: str


@dataclass
class Patient:
    """One JVM and what was found."""

    pid: int
    name: str
    java: str
    collector: str
    user: str
    container: str
    checks: List[Check] = field(default_factory=list)

    @property
    def well(self) -> bool:
        return all(check.good for check in self.checks)


def examine(only: Sequence[str] = (), *, attempt: bool = False) -> List[Patient]:
    """Look at every JVM of this machine, or at those called so."""
    targets = Lookout(only=only, min_age_s=0.0).look(0.0)
    if only and not targets:
        raise HeapwatchError(f"no JVM here is called {' or '.join(only)}")
    return [_examine(target, attempt) for target in targets]


def something_is_wrong(patients: Sequence[Patient]) -> bool:
    return not all(patient.well for patient in patients)


def as_json(patients: Sequence[Patient]) -> str:
    found = [{**asdict(patient), "well": patient.well} for patient in patients]
    return json.dumps({"machine": _machine(), "jvms": found}, indent=2) + "\n"


def as_text(patients: Sequence[Patient]) -> str:
    lines = [f"! {line}" for line in _machine()]
    for patient in patients:
        what = " ".join(filter(None, (patient.java, patient.collector, patient.container)))
        lines.append(f"{patient.pid} {patient.name} ({what or 'unknown Java'}, user {patient.user})")
        lines += [
            f"  {'ok ' if check.good else 'BAD'} {check.name}: {check.text}" for check in patient.checks
        ]
    if not patients:
        lines.append("no JVM runs here, or none that we may see: run as root to see those of all users")
    return "".join(f"{line}\n" for line in lines)


def _examine(target: Target, attempt: bool) -> Patient:
    patient = Patient(
        target.pid, target.name, target.java_version, target.collector, target.user, target.container
    )
    steps: List[tuple[str, Callable[[Target], str]]] = [
        ("counters", _counters),
        ("attach", _attach),
        ("pause", _pause),
    ]
    if attempt:
        steps.append(("histogram", _histogram))
    for name, step in steps:
        try:
            patient.checks.append(Check(name, True, step(target)))
        except (HeapwatchError, OSError) as error:
            patient.checks.append(Check(name, False, _sentence(error)))
    return patient


def _counters(target: Target) -> str:
    with perfdata.open_for(target) as counters:
        found = counters.metrics()
    return f"{len(found)} metrics, heap {found.get('jvm.heap.used', 0) / 1e6:.0f} MB used"


def _attach(target: Target) -> str:
    if target.vm != "hotspot":
        raise HeapwatchError(f"{target.vm} is not supported yet")
    listener = Listener(target)
    listener.check_running(thoroughly=True)
    with listener.tmp() as tmp:
        if listener.socket_file(tmp) is not None:
            return "its socket is there; no signal is needed"
        with visits.visit(target.pid, target.start_ticks, _PATIENCE_S) as visit:
            listener.check_could_open(tmp, visit)
    return "it has no socket yet; one harmless signal will make it open one"


def _pause(target: Target) -> str:
    try:
        with perfdata.open_for(target) as counters:
            used = counters.metrics().get("jvm.heap.used", 0.0)
    except HeapwatchError:
        return "not predictable without counters; the first histogram will tell"
    limits = Limits()
    expected = PauseBudget(limits, target.collector, ALL, target.java_version).prediction_ms(used)
    if expected > limits.max_pause_ms:
        raise HeapwatchError(
            f"up to {expected:.0f} ms are expected for {used / 1e9:.1f} GB, {limits.max_pause_ms:.0f} ms are "
            "allowed: no histogram is taken; to allow it set max_pause in [budget]"
        )
    return f"at most {expected:.0f} ms are expected for a histogram"


def _histogram(target: Target) -> str:
    try:
        counters = perfdata.open_for(target)
    except perfdata.NoPerfData:
        counters = None
    try:
        taken = sample.take(target, ALL, perfdata=counters, timeout=10.0)
    finally:
        if counters is not None:
            counters.close()
    pause = "of unknown length" if taken.pause is None else f"of {taken.pause:.1f} ms"
    return f"{len(taken.histogram)} classes, {taken.histogram.total_bytes / 1e6:.1f} MB, with a pause {pause}"


def _machine() -> List[str]:
    """What is wrong with the machine as a whole."""
    pressure = process.pressure()
    if pressure is not None and pressure > Limits().max_pressure:
        return [f"the machine is short of CPU (PSI {pressure:.0f} %): histograms will be put off"]
    return []


def _sentence(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
