"""Findings and proofs as objects of JSON, for the command line, the server and reports.

What is not known is null. How a moment is written is the caller's: RFC 3339, epoch milliseconds, or seconds
into a recording that has no calendar. A leak is `brief` on the command line; `whole` adds what each host has
of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from heapwatch.detect import words
from heapwatch.detect.fleet import Finding
from heapwatch.detect.forecast import Exhaustion
from heapwatch.detect.judge import Kept, Leak
from heapwatch.detect.verify import NOT_ENOUGH, Proof, Side

Moment = Callable[[float], Any]
"""Seconds on a history's clock -> what stands for them in JSON."""

Object = dict[str, Any]


def brief(found: Finding, moment: Moment, clock: words.Clock) -> Object:
    """A leak as `heapwatch leaks -o json` prints it."""
    leak = found.leak
    host, end = found.soonest or ("", None)
    return {
        "class": leak.root,
        "service": found.service,
        "family": leak.family,
        "kind": leak.kind,
        "state": leak.state,
        "scope": found.scope,
        "hosts": sorted(found.leaks),
        "since": moment(leak.since.at),
        "since_between": [moment(leak.since.low), moment(leak.since.high)],
        "rate_per_s": leak.rate,
        "rate_between": [leak.rate_low, leak.rate_high],
        "bytes_per_leak": leak.bytes_each,
        "balance": known(leak.balance.share),
        "exhaustion": end and _end(host, end),
        "sentence": words.sentence(found, clock),
        "evidence": words.evidence(found, clock),
    }


def whole(found: Finding, moment: Moment, clock: words.Clock) -> Object:
    """A leak with its hosts: all that is known of it without a store."""
    leak = found.leak
    soonest = found.soonest
    return {
        **brief(found, moment, clock),
        "equals": leak.equals,
        "clean": sorted(found.clean),
        "undecided": sorted(found.undecided),
        "versions": found.versions,
        "births_per_s": known(leak.balance.births),
        "deaths_per_s": known(leak.balance.deaths),
        "exhaustion": exhaustion(*soonest) if soonest else None,
        "jvms": [
            _of_host(host, found.leaks[host], found.ends.get(host), moment) for host in sorted(found.leaks)
        ],
    }


def exhaustion(host: str, end: Exhaustion) -> Object:
    """When a resource of a host ends, from where it stands; seconds from the end of its histograms."""
    return {**_end(host, end), "level": end.level, "slope_per_s": end.slope}


def proof(found: Proof, hosts: Sequence[str]) -> Object:
    """A verdict on a fix, of the hosts that were compared."""
    return {
        "class": found.root,
        "verdict": found.verdict,
        "sentence": words.proof(found),
        "before": _side(found.before),
        "after": found.after and _side(found.after),
        "exposure": known(found.exposure),
        "residual": known(found.residual),
        "more_samples": found.more_samples,
        "why": found.why,
        "hosts": list(hosts),
    }


def unproved(root: str, why: str) -> Object:
    """A fix that nothing can be said of, since one side is not there."""
    return {
        "class": root,
        "verdict": NOT_ENOUGH,
        "sentence": f"{root}: {NOT_ENOUGH}: {why}.",
        "before": None,
        "after": None,
        "exposure": None,
        "residual": None,
        "more_samples": 0,
        "why": why,
        "hosts": [],
    }


def known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _end(host: str, end: Exhaustion) -> Object:
    return {
        "resource": end.resource,
        "host": host,
        "in_s": end.seconds,
        "between_s": [end.low, known(end.high)],
        "limit": end.limit,
    }


def _of_host(host: str, leak: Leak, end: Exhaustion | None, moment: Moment) -> Object:
    return {
        "host": host,
        "state": leak.state,
        "rate_per_s": leak.rate,
        "rate_between": [leak.rate_low, leak.rate_high],
        "since": moment(leak.since.at),
        "since_between": [moment(leak.since.low), moment(leak.since.high)],
        "bytes_per_leak": leak.bytes_each,
        "balance": known(leak.balance.share),
        "kept": leak.kept and _part(leak.kept),
        "exhaustion": end and exhaustion(host, end),
    }


def _part(kept: Kept) -> Object:
    return {"share": kept.share, "alive": kept.alive, "rate_per_s": kept.rate}


def _side(side: Side) -> Object:
    return {
        "slope_per_s": side.slope,
        "between": [side.low, side.high],
        "samples": side.samples,
        "births_per_s": known(side.balance.births),
        "deaths_per_s": known(side.balance.deaths),
        "balance": known(side.balance.share),
    }
