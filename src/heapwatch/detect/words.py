"""Findings in plain words, each sentence with the numbers or the query that prove it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from heapwatch import human
from heapwatch.detect.fleet import Finding
from heapwatch.detect.forecast import Exhaustion
from heapwatch.detect.verify import Proof

Clock = Callable[[float], str]
"""How a moment of a history is written: 14:02, or 00:01:12 into the recording."""


FULL = {
    "heap": "heap is full",
    "metaspace": "metaspace is full",
    "threads": "last thread is started",
    "container": "container is out of memory",
}


def sentence(found: Finding, clock: Clock) -> str:
    """The whole finding in one sentence."""
    leak = found.leak
    hosts = len(found.leaks) + len(found.clean) + len(found.undecided)
    where = f"on {len(found.leaks)} of {hosts} hosts" if hosts > 1 else f"on {next(iter(found.leaks))}"
    others = len(leak.family) - 1
    companions = f" with its {others} companion{'s' * (others != 1)}" if others else ""
    parts = [
        f"{leak.root} {'leaks' if leak.state == 'confirmed' else 'seems to leak'} {where} "
        f"since {clock(leak.since.at)} (± {human.duration((leak.since.high - leak.since.low) / 2)})",
        f"{_rate(leak.rate)} objects/s",
    ]
    if leak.bytes_each > 0:
        parts.append(f"{human.size(leak.bytes_each)} shallow each{companions}")
    parts += ["load explains none of it", _state(found)]
    text = ", ".join(parts)
    if found.soonest is not None:
        host, end = found.soonest
        until = "" if not np.isfinite(end.high) else f" to {human.duration(end.high)}"
        between = f"{human.duration(end.low)}{until}"
        text += f"; {host}'s {FULL[end.resource]} in {human.duration(end.seconds)} ({between})"
    return f"{text}."


def evidence(found: Finding, clock: Clock) -> list[dict[str, Any]]:
    """Every claim with what proves it."""
    leak = found.leak
    query = f"metric=heap.instances class={_quoted(leak.root)} | sum by host"
    told = [
        _claim(
            f"{leak.root} grew by {human.count(leak.grown)} objects in {human.duration(leak.window)}, "
            f"{_rate(leak.rate_low)} to {_rate(leak.rate_high)} a second",
            query=query,
            grown=leak.grown,
            rate_per_s=[leak.rate_low, leak.rate, leak.rate_high],
        ),
        _claim(f"it began at {clock(leak.since.at)}", earliest=leak.since.low, latest=leak.since.high),
        _claim(
            _balance(found),
            births_per_s=leak.balance.births,
            deaths_per_s=leak.balance.deaths,
            balance=leak.balance.share,
        ),
        _claim(
            _state(found),
            state=leak.state,
            by=leak.confirmed_by,
            kept=leak.kept and leak.kept.share,
        ),
    ]
    if len(leak.equals) > 1:
        told.append(
            _claim(
                f"one to one with it: {', '.join(n for n in leak.equals if n != leak.root)}",
                classes=leak.equals,
            )
        )
    told += [_end(host, end) for host, end in found.ends.items()]
    if found.scope != "single":
        told.append(
            _claim(
                f"the leak is {found.scope}",
                leaking=sorted(found.leaks),
                clean=found.clean,
                undecided=found.undecided,
                versions=found.versions,
            )
        )
    return told


METRICS = {
    "heap": "heap.bytes",
    "metaspace": "jvm.metaspace.used",
    "threads": "jvm.threads.live",
    "container": "cgroup.memory.used",
}


def _end(host: str, end: Exhaustion) -> dict[str, Any]:
    show = human.count if end.resource == "threads" else human.size
    return _claim(
        f"{end.resource} of {host}: {show(end.level)} of {show(end.limit)}, "
        f"growing by {show(end.slope * 60)} a minute",
        query=f"metric={METRICS[end.resource]} host={_quoted(host.partition(' ')[0])} | sum",
        level=end.level,
        limit=end.limit,
        slope_per_s=end.slope,
    )


def proof(found: Proof) -> str:
    """A verdict on a fix in one sentence."""
    before = f"{found.root}: {_rate(found.before.slope)} objects/s before"
    if found.after is None:
        return f"{before}; {found.verdict}: {found.why}."
    after = f"{_rate(found.after.slope)} after ({_rate(found.after.low)} to {_rate(found.after.high)})"
    balance = (
        f"balance {_share(found.before.balance.share)} before, {_share(found.after.balance.share)} after"
    )
    left = f", {human.share(max(found.residual, 0.0))} of it left" if np.isfinite(found.residual) else ""
    why = f" ({found.why})" if found.why else ""
    needed = f"; {found.more_samples} more histograms are needed" if found.more_samples else ""
    return f"{before}, {after}{left}, {balance}: {found.verdict}{why}{needed}."


def _state(found: Finding) -> str:
    leak = found.leak
    if leak.state == "suspect" and leak.kept is not None:
        return (
            f"not confirmed: of its growth {human.share(leak.kept.share)} was alive in a histogram of live "
            f"objects, {_rate(leak.kept.rate)} objects/s; another one, later, will tell whether that goes on"
        )
    if leak.state == "suspect":
        return "not confirmed: no old collection ran meanwhile, so it may be garbage"
    return f"confirmed by {'an' if leak.confirmed_by[:1] in 'ao' else 'a'} {leak.confirmed_by}".replace(
        "a live", "live"
    )


def _balance(found: Finding) -> str:
    own = found.leak.balance
    if not np.isfinite(own.births):
        return "load does not explain it: births are not visible, and the level follows no load"
    return f"{_rate(own.births)} are born and {_rate(own.deaths)} die a second: load explains none of it"


def _claim(text: str, query: str = "", **numbers: Any) -> dict[str, Any]:
    claim: dict[str, Any] = {
        "text": text,
        "numbers": {name: _plain(value) for name, value in numbers.items()},
    }
    return {**claim, "query": query} if query else claim


def _plain(value: Any) -> Any:
    """As JSON can say it: what is not known is null."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _quoted(name: str) -> str:
    plain = all(letter.isalnum() or letter in "._$-" for letter in name)
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _rate(value: float) -> str:
    return human.NONE if not np.isfinite(value) else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _share(value: float) -> str:
    return human.NONE if not np.isfinite(value) else f"{value:.2f}"
