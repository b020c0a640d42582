"""A report's matter out of judgements and findings, for whoever has the histories at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np

from heapwatch.detect import objects
from heapwatch.detect.fleet import Finding
from heapwatch.detect.forecast import Exhaustion, heap_levels
from heapwatch.detect.history import Floats, History
from heapwatch.detect.judge import Judgement
from heapwatch.detect.levels import levels
from heapwatch.detect.pairs import Pair, gravest, missing
from heapwatch.detect.settings import Settings
from heapwatch.report import moments
from heapwatch.report.subject import Case, Curve, Judged, Resource


def case(
    found: Finding,
    judgements: Sequence[Judgement],
    settings: Settings,
    change: Sequence[Pair] | None = None,
    *,
    fresh: bool = False,
) -> Case:
    """One finding with its curves: the leaking hosts', and those of its service that do not leak.

    `change` is what a change is proved by; none of them: there is nothing to prove it by.
    """
    newest = _newest(judgements, found.service)
    leak = objects.whole(found, millis, lambda at: moments.told(at * 1000))
    after: list[Curve] = []
    if change is not None:
        hosts = [pair.host for pair in change]
        leak["proof"] = (
            objects.proof(gravest(change).proof, hosts)
            if change
            else objects.unproved(found.root, missing(found))
        )
        after = curves({id(pair.after): pair.after for pair in change}.values(), found.root, settings)
    return Case(leak, curves((each.history for each in newest.values()), found.root, settings), after, fresh)


def resources(judgements: Sequence[Judgement], settings: Settings) -> list[Resource]:
    """What ends, by time, of every host that leaks or ends; the newest life of each."""
    found = []
    for each in (one for service in _services(judgements) for one in _newest(judgements, service).values()):
        if not each.leaks and not each.ends:
            continue
        history, ends = each.history, {end.resource: end for end in each.ends}
        if "heap" in ends or each.leaks:
            times, values = heap_levels(history, settings.blocks)
            limit = history.heap_max if np.isfinite(history.heap_max) else None
            found.append(_resource("heap", history, times, values, limit, ends))
        for name, limit in history.limits.items():
            if name in ends:
                found.append(_resource(name, history, history.times, history.counter(name), limit, ends))
    return found


def judged(judgements: Iterable[Judgement]) -> list[Judged]:
    """What was looked at."""
    return [_judged(each) for each in judgements]


def changed(settings: Settings) -> dict[str, object]:
    """Thresholds that are not the default."""
    default = asdict(Settings())
    return {name: value for name, value in asdict(settings).items() if value != default[name]}


def millis(at: float) -> int:
    """A moment of a history as reports and the API count it."""
    return round(at * 1000)


def curves(histories: Iterable[History], name: str, settings: Settings) -> list[Curve]:
    """The levels of one class in each life that has it."""
    return [curve for history in histories if (curve := _curve(history, name, settings)) is not None]


def _curve(history: History, name: str, settings: Settings) -> Curve | None:
    """The levels of one class, garbage taken off."""
    alone = history.only(name)
    if not alone.classes or not len(alone):
        return None
    own = levels(alone, settings.blocks)
    return Curve(history.host, _times(own.times), np.maximum(own.values[:, 0], 0).tolist())


def _resource(
    name: str,
    history: History,
    times: Floats,
    values: Floats,
    limit: float | None,
    ends: dict[str, Exhaustion],
) -> Resource:
    end = ends.get(name)
    return Resource(
        name,
        history.host,
        _times(times),
        values.tolist(),
        limit,
        None if end is None else objects.exhaustion(history.host, end),
        history.service,
    )


def _judged(each: Judgement) -> Judged:
    history = each.history
    sure = any(leak.state == "confirmed" for leak in each.leaks)
    verdict = "leaking" if sure else "suspect" if each.leaks else "undecided" if each.undecided else "clean"
    return Judged(
        host=history.host,
        service=history.service,
        histograms=len(history),
        first=millis(float(history.times[0])) if len(history) else None,
        last=millis(float(history.times[-1])) if len(history) else None,
        verdict=verdict,
        reason=each.undecided,
        version=history.version,
        mode=history.mode,
        young=_spent(history.counter("young")),
        old=_spent(history.old_collections),
        heap_max=objects.known(history.heap_max),
    )


def _spent(counter: Floats) -> float | None:
    known = counter[~np.isnan(counter)]
    return float(known.max() - known.min()) if len(known) else None


def _times(times: Floats) -> list[float]:
    return [float(millis(at)) for at in times.tolist()]


def _services(judgements: Sequence[Judgement]) -> list[str]:
    return list(dict.fromkeys(each.history.service for each in judgements))


def _newest(judgements: Sequence[Judgement], service: str) -> dict[str, Judgement]:
    """The last life of each host of a service."""
    mine = [each for each in judgements if each.history.service == service and len(each.history)]
    return {each.history.host: each for each in sorted(mine, key=lambda one: float(one.history.times[-1]))}
