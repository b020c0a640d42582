"""How the agent does: one report, for `/status`, for `heapwatch-agent status` and as Prometheus text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from heapwatch import __version__
from heapwatch.agent.courier import Courier
from heapwatch.agent.spool import Spool
from heapwatch.agent.suspects import Suspects, utc
from heapwatch.agent.tick import Agent
from heapwatch.agent.watch import Watch

if TYPE_CHECKING:
    from heapwatch.agent.tail import Tails

Report = Dict[str, Any]


def report(agent: Agent, couriers: Sequence[Courier]) -> Report:
    """All of it as plain values. Safe to call from another thread than the agent's."""
    now = agent.clock.monotonic()
    used = os.times()
    return {
        "version": __version__,
        "agent": agent.id,
        "host": agent.settings.host,
        "pid": os.getpid(),
        "uptime_s": round(now - agent.began, 1),
        "interval_s": agent.settings.interval_s,
        "mode": agent.settings.mode,
        "cpu_ms": round((used.user + used.system) * 1000),
        "rss": _rss(),
        "clock_ahead_s": round(agent.clock.ahead_s, 3),
        "batches": agent.batches,
        "put_offs": agent.put_offs,
        "failures": dict(agent.failures),
        "jvms": [_jvm(agent, key, watch, now) for key, watch in list(agent.watches.items())],
        "logs": _logs(agent.tails),
        "spool": _spool(agent.spool, agent.settings.spool_bytes, str(agent.settings.directory)),
        "sinks": [_sink(courier, agent.spool) for courier in couriers],
    }


def problems(found: Report) -> List[str]:
    """What an operator should look at, one line each; none when all is well."""
    lines = [f"spool: {found['spool']['error']}"] if found["spool"]["error"] else []
    lines += [f"sink {sink['name']}: {sink['error']}" for sink in found["sinks"] if sink["error"]]
    lines += [f"{jvm['name']} ({jvm['pid']}): {jvm['trouble']}" for jvm in found["jvms"] if jvm["trouble"]]
    return lines


def _jvm(agent: Agent, key: Tuple[int, int], watch: Watch, now: float) -> Dict[str, Any]:
    target, visit = watch.target, watch.visit
    turn = agent.schedule.turns.get(key)
    return {
        "name": target.name,
        "pid": target.pid,
        "started": target.started,
        "java": target.java_version,
        "collector": target.collector,
        "user": target.user,
        "container": target.container,
        "heap_used": watch.heap.get("jvm.heap.used"),
        "heap_max": watch.heap.get("jvm.heap.max"),
        "visits": watch.visits,
        "last": None if visit is None else dict(vars(visit)),
        "pause_ms": watch.pause_ms,
        "pause_share": watch.pause_share(now),
        "budget_share": agent.settings.limits.share,
        "average_pause_ms": turn.budget.average_ms if turn else None,
        "interval_s": turn.budget.interval_s() if turn else None,
        "due_in_s": round(turn.due - now, 1) if turn else None,
        "failures": turn.failures if turn else 0,
        "trouble": watch.trouble,
        "trouble_reason": watch.trouble_reason,
        "counters_trouble": watch.counters_trouble,
        **_suspicion(watch.suspects),
    }


def _suspicion(suspects: Suspects | None) -> Dict[str, Any]:
    """`suspected` is None while nobody can tell, and `undecided` says why."""
    if suspects is None:
        return {"suspected": None, "suspects": [], "undecided": "the setting `suspects` is off"}
    found, undecided = suspects.found, suspects.undecided
    told = [
        {
            "class": suspect.name,
            "sentence": suspect.sentence(utc),
            "rate_per_s": suspect.rate,
            "since": suspect.since,
            "grown": suspect.grown,
            "in_s": round(suspect.over),
            "companions": list(suspect.companions),
            "reason": suspect.reason(),
        }
        for suspect in found
    ]
    return {"suspected": None if undecided else len(found), "suspects": told, "undecided": undecided}


def _logs(tails: Tails | None) -> Dict[str, int]:
    if tails is None:
        return {"files": 0, "messages": 0, "bytes": 0, "skipped_bytes": 0}
    return {
        "files": len(tails),
        "messages": tails.messages,
        "bytes": tails.read_bytes,
        "skipped_bytes": tails.skipped_bytes,
    }


def _spool(spool: Spool, limit: int, directory: str) -> Dict[str, Any]:
    return {
        "directory": directory,
        "bytes": spool.disk_bytes,
        "max_bytes": limit,
        "error": spool.error,
        "disk_errors": spool.disk_errors,
        "torn_bytes": spool.torn_bytes,
    }


def _sink(courier: Courier, spool: Spool) -> Dict[str, Any]:
    name = courier.sink.name
    waiting = spool.depth(name)
    return {
        "name": name,
        "kind": type(courier.sink).__name__,
        "sent": courier.sent,
        "sent_at": courier.sent_at and round(courier.sent_at * 1000),
        "errors": courier.errors,
        "refused": courier.refused,
        "dropped": spool.dropped(name),
        "waiting": waiting.entries,
        "waiting_bytes": waiting.bytes,
        "error": courier.error,
    }


def _rss() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# -- Prometheus text -----------------------------------------------------------------------------------------

Sample = Tuple[Mapping[str, Any], Any]


def prometheus(found: Report) -> str:
    """The report in Prometheus' text format."""
    return "".join(f"{line}\n" for line in _lines(found))


_OF_THE_AGENT: Sequence[Tuple[str, str, str, Callable[[Report], float]]] = (
    ("uptime_seconds", "gauge", "Since it was started.", lambda found: found["uptime_s"]),
    ("cpu_seconds", "counter", "CPU time it has used.", lambda found: found["cpu_ms"] / 1000),
    ("resident_bytes", "gauge", "Memory it holds.", lambda found: found["rss"]),
    (
        "clock_ahead_seconds",
        "gauge",
        "Samples ahead of a clock set back.",
        lambda found: found["clock_ahead_s"],
    ),
    ("batches", "counter", "Batches made.", lambda found: found["batches"]),
    ("put_offs", "counter", "Visits that the pause budget put off.", lambda found: found["put_offs"]),
    ("log_files", "gauge", "Log files that it reads.", lambda found: found["logs"]["files"]),
    ("log_messages", "counter", "Log messages read.", lambda found: found["logs"]["messages"]),
    ("log_bytes", "counter", "Bytes of log files read.", lambda found: found["logs"]["bytes"]),
    (
        "log_skipped_bytes",
        "counter",
        "Bytes of log files left out: they came faster than they may be read.",
        lambda found: found["logs"]["skipped_bytes"],
    ),
    ("spool_bytes", "gauge", "What waits on disk.", lambda found: found["spool"]["bytes"]),
    ("spool_disk_errors", "counter", "Refused by the disk.", lambda found: found["spool"]["disk_errors"]),
    (
        "spool_torn_bytes",
        "counter",
        "Cut off on disk at the start.",
        lambda found: found["spool"]["torn_bytes"],
    ),
)
_OF_SINKS = (
    ("sent", "counter", "Batches delivered."),
    ("errors", "counter", "Tries that failed."),
    ("refused", "counter", "Batches that the other side would not have."),
    ("dropped", "counter", "Batches lost to this sink."),
    ("waiting", "gauge", "Batches not delivered yet."),
    ("waiting_bytes", "gauge", "Their size."),
)
_OF_JVMS = (
    ("visits", "counter", "Histograms taken.", "visits"),
    ("pause_milliseconds", "counter", "How long it stood for histograms in all.", "pause_ms"),
    ("pause_share", "gauge", "Part of its time that it stood for histograms.", "pause_share"),
    ("interval_seconds", "gauge", "Time between histograms that its budget allows.", "interval_s"),
    ("failures", "gauge", "Visits in a row that gave nothing.", "failures"),
    ("suspects", "gauge", "Families of classes that seem to leak.", "suspected"),
)


def _lines(found: Report) -> Iterator[str]:
    who = {"version": found["version"], "host": found["host"]}
    yield from _metric("heapwatch_agent_info", "gauge", "The agent.", [(who, 1)])
    for name, kind, text, value in _OF_THE_AGENT:
        yield from _metric(f"heapwatch_agent_{name}", kind, text, [({}, value(found))])
    failures = [({"reason": reason}, count) for reason, count in found["failures"].items()]
    yield from _metric("heapwatch_agent_visit_failures", "counter", "Visits without a histogram.", failures)
    for name, kind, text in _OF_SINKS:
        of_sinks = [({"sink": sink["name"]}, sink[name]) for sink in found["sinks"]]
        yield from _metric(f"heapwatch_agent_sink_{name}", kind, text, of_sinks)
    for name, kind, text, key in _OF_JVMS:
        of_jvms = [({"jvm": jvm["name"], "pid": jvm["pid"]}, jvm[key]) for jvm in found["jvms"]]
        yield from _metric(f"heapwatch_agent_jvm_{name}", kind, text, of_jvms)


def _metric(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    name += "_total" if kind == "counter" else ""
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        if value is not None:
            tags = ",".join(f'{key}="{_escaped(str(one))}"' for key, one in labels.items())
            yield f"{name}{{{tags}}} {value}" if tags else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
