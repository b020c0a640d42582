"""The page about leaks, of what the store has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from heapwatch.detect.history import History
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.monitor.proving import Reach
from heapwatch.monitor.records import Record
from heapwatch.monitor.watched import Watched
from heapwatch.report import gather
from heapwatch.report.page import page
from heapwatch.report.subject import Case, Judged, Report
from heapwatch.store.errors import NotFound
from heapwatch.web.leaks import Asked, UnknownLeak

if TYPE_CHECKING:
    from heapwatch.store import Store


def report(
    store: Store,
    watch: LeakWatch,
    now: int,
    source: str,
    *,
    leak: str | None = None,
    service: str | None = None,
    query_id: str | None = None,
) -> str:
    """HTML about one leak, or about all leaks of a service."""
    chosen = _records(watch, leak, service)
    services = {record.told["service"] for record in chosen} | ({service} if service else set())
    mine = [each for each in watch.watched().values() if each.judgement.history.service in services]
    if not chosen and not mine:
        raise NotFound(f"no service {service!r} was judged", sorted(_services(watch))[:3])
    asked = Asked(store, query_id)
    return page(
        Report(
            made=now,
            cases=[_case(record, mine, watch, asked, now) for record in chosen],
            resources=gather.resources([each.judgement for each in mine], watch.settings),
            judged=[_judged(each) for each in mine],
            settings=gather.changed(watch.settings),
            source=source,
        )
    )


def _records(watch: LeakWatch, leak: str | None, service: str | None) -> list[Record]:
    if leak is None:
        return [each for each in watch.records() if each.told["service"] == service]
    record = watch.record(leak)
    if record is None:
        raise UnknownLeak(f"no leak has the id {leak!r}", [each.id for each in watch.records()[:3]])
    return [record]


def _services(watch: LeakWatch) -> set[str]:
    return {each.judgement.history.service for each in watch.watched().values()}


def _case(record: Record, watched: Sequence[Watched], watch: LeakWatch, asked: Asked, now: int) -> Case:
    """The class on the hosts that leak and those that do not, and in the lives that came after."""
    root = record.told["class"]
    began = max((who.started for who in record.lives), default=0)
    mine = [each.life for each in watched if each.judgement.history.service == record.told["service"]]
    seen: dict[bool, list[History]] = {False: [], True: []}
    for life in mine:
        history = Reach(life, life.who.started, now).of_class(root, asked)
        if history is not None:
            seen[life.who.started > began].append(history)
    return Case(
        record.spoken(),
        gather.curves(seen[False], root, watch.settings),
        gather.curves(seen[True], root, watch.settings),
    )


def _judged(each: Watched) -> Judged:
    [found] = gather.judged([each.judgement])
    return replace(found, histograms=each.histograms)
