"""A suspect of whose growth a probe found only a part alive: the next probe decides.

Old garbage cannot hide in what lives at two moments. Between the probes nothing else is asked: the first one
made the class fall, so it grows by no test of the histograms between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heapwatch import human
from heapwatch.detect.settings import Settings
from heapwatch.model import JvmId
from heapwatch.monitor.proving import Observing, Reach
from heapwatch.monitor.records import CONFIRMED, STOPPED, SUSPECT, Record
from heapwatch.monitor.watched import UP, Watched


@dataclass(frozen=True)
class Again:
    """What lived at two probes of one JVM; the same twice while the second has not come."""

    before: dict[str, Any]
    at: int  # epoch ms
    alive: float
    grows: bool = True

    @property
    def seconds(self) -> float:
        return (self.at - float(self.before["at"])) / 1000


def part_kept(told: Mapping[str, Any], watched: Mapping[JvmId, Watched]) -> dict[str, Any] | None:
    """What the next probe is compared with, when a part of a suspect's growth was alive in this one."""
    parts = [jvm for jvm in told["jvms"] if jvm["kept"] and told["state"] == SUSPECT]
    if not parts:
        return None
    most = max(parts, key=lambda jvm: float(jvm["kept"]["share"]))
    who = {name: most[name] for name in JvmId._fields}
    return {**who, **most["kept"], "at": watched[JvmId(**who)].probed}


def probed_again(
    record: Record, watched: Mapping[JvmId, Watched], source: Observing, settings: Settings
) -> Again | None:
    """The two probes of a suspect that waits for its second; None where none is waited for, or has gone."""
    probe = record.probe
    if probe is None or not record.is_open:
        return None
    each = watched.get(JvmId(*(probe[name] for name in JvmId._fields)))
    if each is None or each.life.state != UP:
        return None
    if each.probed is None or each.probed <= probe["at"]:
        return Again(probe, probe["at"], probe["alive"])
    seen = Reach(each.life, each.life.who.started, each.newest).of_class(record.told["class"], source)
    alive = (seen.survivors or {}).get(record.told["class"], 0.0) if seen else 0.0
    seconds = (each.probed - probe["at"]) / 1000
    least = max(settings.confirmed_share * probe["rate_per_s"] * seconds, settings.growth)
    return Again(probe, each.probed, alive, grows=alive - probe["alive"] >= least)


def judged_by(record: Record, again: Again, now: int) -> bool:
    """What two probes make of a record; True when that is news."""
    if again.at == again.before["at"]:
        return False
    name, more = record.told["class"], again.alive - again.before["alive"]
    was, now_, later = (
        human.count(again.before["alive"]),
        human.count(again.alive),
        human.duration(again.seconds),
    )
    lived = f"{was} lived, {now_} {later} later"
    record.probe = {**again.before, "at": again.at, "alive": again.alive, "rate_per_s": more / again.seconds}
    if not again.grows:
        record.becomes(STOPPED, f"{name}: {lived}: what grew was garbage.", now)
    elif record.state == SUSPECT:
        record.becomes(CONFIRMED, f"{name} leaks: {lived}, by two histograms of live objects.", now)
    return True
