"""Everything the routes share, put together once: the store, the doors, the live hub, who may do what.

A route reads parameters and calls this; it holds no state of its own.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client.core import Metric
from starlette.requests import Request
from starlette.responses import Response

from heapwatch import __version__
from heapwatch.detect.settings import Settings as DetectSettings
from heapwatch.errors import HeapwatchError
from heapwatch.ingest.batcher import Batcher, Samples, together
from heapwatch.ingest.doors import Door, Pace
from heapwatch.ingest.http import HttpDoors
from heapwatch.ingest.intake import Intake, Limits
from heapwatch.ingest.limits import InFlight, Rates
from heapwatch.ingest.pushed import PushDoors
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.scrape import Scraper
from heapwatch.ingest.sockets import Sockets
from heapwatch.model import Batch, Event, JvmId, Snapshot
from heapwatch.monitor.leaks import LeakWatch
from heapwatch.store.errors import NotFound
from heapwatch.web import changes, evidence, figures, findings, logs, negotiation, ports, ways_in
from heapwatch.web.access import Access
from heapwatch.web.alerting import Alerter
from heapwatch.web.auth import Caller
from heapwatch.web.dashboards import Shelf
from heapwatch.web.diagnoses import Diagnoses
from heapwatch.web.figures import Figures
from heapwatch.web.live import Hub
from heapwatch.web.monitoring import Monitoring
from heapwatch.web.readers import Readers
from heapwatch.web.settings import Settings
from heapwatch.web.signin import SignIn
from heapwatch.web.tailing import Tails
from heapwatch.web.timers import Task, Timers
from heapwatch.web.tls import renew
from heapwatch.wire import exposition
from heapwatch.workflow.audit import Audit
from heapwatch.workflow.records import ENDS

if TYPE_CHECKING:
    from heapwatch.store import Store
    from heapwatch.web.acting import Acting
    from heapwatch.web.openid import Provider

log = structlog.get_logger("heapwatch.services")

STUCK_AFTER_S = 60.0
TROUBLE_LASTS_S = 30.0

# What /-/reload can change in a running server; the rest needs a restart, and the answer says so.
RELOADABLE = ("allowed_hosts", "ingest_rate", "ingest_burst", "log_level", "read_burst", "read_rate")


class Services:
    """One server's parts. `start` and `stop` run on the event loop that serves the requests."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        reload: Callable[[], Settings] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.store = store
        self.settings = settings
        self.started = time.time()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.access = Access(settings)
        self.tokens = self.access.tokens
        self.signin = SignIn(self.access)
        self.openid = _provider(settings) if settings.oidc_issuer else None
        self.audit = Audit(settings.data)
        self.notes = changes.Notes(self.audit, self.on_audit)
        self.audit_trouble: str | None = None
        self.questions = Rates(settings.read_rate, settings.read_burst)
        self.dashboards = Shelf(settings.dashboards)
        self.rejects = Rejects()
        self.pace = Pace()
        self.hub = Hub(settings.live_clients)
        self.figures = Figures()
        self.batcher = Batcher(
            store.insert,
            self._insert_samples,
            interval=settings.flush_interval,
            rows_at_once=settings.flush_rows,
            rows_at_most=settings.queue_rows,
            on_stored=self.hub.publish,
            on_insert=self.figures.insert_seconds.observe,
        )
        self.intake = Intake(
            self.rejects,
            Limits(settings.max_body, settings.max_text, settings.body_idle),
            Rates(settings.ingest_rate, settings.ingest_burst),
            InFlight(settings.max_in_flight),
        )
        self.doors = HttpDoors(
            self.intake,
            self.batcher,
            store.check,
            self._stored_totals,
            store,
            self._probes,
        )
        self.pushes = PushDoors(self.intake, self.batcher, store.check, store)
        self.exposed = exposition.Names()
        self.ports = ports.doors(settings, self.batcher, self.rejects, store)
        self.scraper = Scraper(settings.scrape, self.batcher, self.rejects, largest=settings.max_text)
        self.leaks = LeakWatch(
            store,
            DetectSettings.of_file(settings.detect) if settings.detect else DetectSettings(),
            store.parts.clock,
            self._note,
            int(settings.leaks_hours * 3_600_000),
        )
        self.alerter = Alerter(settings, settings.own_url, self.leaks, store.parts.clock)
        self.monitoring = Monitoring(store, settings, self.leaks, self._note)
        self.diagnoses = Diagnoses(store.kept, self._note, store.parts.clock)
        self.acting = self._acting() if settings.workflows else None
        self.tails = Tails(settings.live_clients)
        self.readers = Readers(settings.readers, settings.reader_queue, store.cancel)
        self.timers = Timers(self._tasks(), lambda name: self.figures.maintenance_failures.labels(name).inc())
        self._reload = reload
        self._reloading = threading.Lock()
        self._tls = tls
        self.figures.read_from(self._collect)

    async def start(self, bound: Mapping[str, Sockets]) -> None:
        """Begin to insert, to listen on these ports, and to maintain."""
        self._loop = asyncio.get_running_loop()
        self.batcher.start()
        if self.acting is not None:
            await asyncio.to_thread(self.acting.start)
        self.timers.start()
        self.scraper.start()
        for name, sockets in bound.items():
            await self.ports[name].start(sockets, self._tls if name in self.settings.tls_ports else None)

    async def stop(self) -> None:
        """Everything that has arrived is stored when this returns. The store itself stays open."""
        self.hub.close()
        self.leaks.stop()
        await self.scraper.stop()
        acted = asyncio.create_task(asyncio.to_thread(self.acting.stop)) if self.acting is not None else None
        for port in self.ports.values():
            await port.stop()
        await self.batcher.stop()
        self.intake.close()
        if acted is not None:  # its runs have notified, and stored what they collected
            await acted
        await self.timers.stop()
        self.alerter.close()
        self.monitoring.notifier.close()
        await asyncio.to_thread(self.readers.close)
        self.signin.close()
        await asyncio.to_thread(self.access.flush)

    @property
    def open_to_all(self) -> bool:
        """While nobody is known, everybody who can reach us may do everything."""
        return self.access.open_to_all

    @property
    def page_hosts(self) -> set[str]:
        """Names, besides the one in a request, under which our own pages may be."""
        return {*self.settings.allowed_hosts, *filter(None, [self.access.own_host])}

    def caller(self, request: Request, secret: str | None) -> Caller:
        """Whom a request comes from."""
        return self.access.caller(request, secret, self.page_hosts)

    def end_session(self, request: Request) -> None:
        """End the session whose cookie came along, if there is one."""
        shown = request.cookies.get(self.access.cookie)
        if shown:
            self.access.sessions.end(shown)

    def on_audit(self, trouble: str | None) -> None:
        """What keeps the audit from being written, None when it is written again."""
        self.audit_trouble = trouble

    def problems(self) -> list[str]:
        """Why uploads would fail now; none when all is well."""
        found = []
        if self.batcher.stuck_for() > STUCK_AFTER_S:
            found.append(f"an insert has been running for {self.batcher.stuck_for():.0f} s")
        if self.batcher.trouble and self.batcher.trouble_age() < TROUBLE_LASTS_S:
            found.append(self.batcher.trouble)
        free = _free(self.settings.data)
        if not self.settings.store_dsn and free < self.settings.min_free_disk:
            found.append(f"only {free >> 20} MiB of disk are free in {self.settings.data}")
        return found

    async def ask(self, request: Request, question: Callable[..., dict[str, Any]], **given: Any) -> Response:
        """Put one question to the store and answer in the form that was asked for."""
        media_type = negotiation.wanted(request)

        def work(query_id: str) -> Response:
            return negotiation.respond(request, question(**given, query_id=query_id), media_type)

        return await self.readers.run(request, work)

    def told(self, request: Request, answer: dict[str, Any]) -> Response:
        """An answer that needs no store, in the form that was asked for."""
        return negotiation.respond(request, answer, negotiation.wanted(request))

    def status(self, query_id: str) -> dict[str, Any]:
        """`GET /api/v1/status`."""
        problems, stored = self.problems(), self.store.status(query_id=query_id)
        ready = not problems
        problems += [
            f"a damaged part of the table {part['table']} was set aside: {part['part']} ({part['reason']})"
            for part in stored["broken"]
        ]
        problems += [f"{task} fails: {error}" for task, error in self.timers.failing.items()]
        problems += [self.audit_trouble] if self.audit_trouble else []
        doors = self.all_doors()
        return {
            "version": __version__,
            "started": int(self.started * 1000),
            "uptime_s": round(time.time() - self.started, 3),
            "ready": ready,
            "problems": problems,
            **stored,
            "agents": self.doors.agents.rows(stored["agents"]),
            "doors": ways_in.rows(doors, self.rejects.counts(), self.pace),
            "unused": ways_in.unused(doors, self.settings),
        }

    def cardinality(self, query_id: str) -> dict[str, Any]:
        """`GET /api/v1/cardinality`."""
        del query_id  # it is all in memory
        limits = {"max_series": self.settings.max_series, "sender_series": self.settings.sender_series}
        names = self.store.parts.names
        series, jvms, classes = names.series.by_id, names.jvms.by_id, names.classes.names
        counts = {"series": len(series), "jvms": len(jvms), "classes": len(classes)}
        return {**counts, "used": names.count, **limits, "makers": self.store.makers()}

    def all_doors(self) -> list[Door]:
        lines = [door for port in self.ports.values() for door in (port.tcp, port.udp)]
        listening = [door for door in lines if door.address]
        refused = self.rejects.counts()
        several = [*self.pushes.all, self.scraper.door]
        pushed = [door for door in several if door.requests or door.name in refused]
        return [self.doors.histograms, self.doors.batches, self.doors.logs, *pushed, *listening]

    def _read_doors(self) -> None:
        self.pace.note(ways_in.reading(self.all_doors(), self.rejects.counts()))

    def reload(self) -> dict[str, Any]:
        """Read the settings again and take over what can change in a running server."""
        with self._reloading:  # who comes later reads later, so what was written last counts
            return self._read_again()

    def _read_again(self) -> dict[str, Any]:
        fresh = self._reload() if self._reload else self.settings
        rules = self.monitoring.read()
        flows = self.acting.read() if self.acting is not None else None  # a fault in either changes neither
        if self._tls is not None:
            renew(self._tls, self.settings)
        self.scraper.reload()
        self.monitoring.watch.use(rules)
        if self.acting is not None and flows is not None:
            self.acting.use(flows)
        different = [n for n in type(fresh).model_fields if getattr(fresh, n) != getattr(self.settings, n)]
        now = {name: getattr(fresh, name) for name in different if name in RELOADABLE}
        self.settings = self.settings.model_copy(update=now)
        rates = self.intake.rates
        rates.rate, rates.burst = self.settings.ingest_rate, self.settings.ingest_burst
        self.questions.rate, self.questions.burst = self.settings.read_rate, self.settings.read_burst
        if "log_level" in now:
            logs.set_level(self.settings.log_level)
        self.tokens.exist()
        return {"reloaded": True, "changed": sorted(now), "restart_needed": sorted(set(different) - set(now))}

    def _insert_samples(self, parts: Sequence[Samples]) -> list[dict[str, int]]:
        senders = [(f"{part.source} {part.sender}".rstrip(), len(part.series)) for part in parts]
        refused = self.store.insert_runs(*together(parts), senders, once=parts[0].once)
        for part, reasons in zip(parts, refused, strict=True):
            for reason, number in reasons.items():
                self.rejects.add(part.source, reason, peer=part.sender, count=number)
        return refused

    def _probes(self, hosts: Collection[str]) -> list[JvmId]:
        """What an agent of these hosts is asked for in the answer to its batch."""
        return self.leaks.probes(hosts) if hosts and self.settings.confirm_suspects else []

    def _note(self, events: list[Event]) -> None:
        """Store events of our own, and tell the screens; from any thread."""
        self.store.note(events)
        if events and self._loop is not None:
            self._loop.call_soon_threadsafe(self.hub.publish, [Batch("heapwatch", 0, events=events)])
        if self.acting is not None:
            self.acting.on_events(events)

    def _acting(self) -> Acting:
        from heapwatch.web.acting import Acting  # the engine is loaded where there are workflows
        from heapwatch.web.acting_ports import Receivers

        voice = Receivers(lambda: self.monitoring.watch.book, self.monitoring.notifier.say)
        acting = Acting(self.store, self.settings, self.leaks, self.audit, self._note, self._tell_run, voice)
        self.monitoring.listeners.append(acting.on_transition)
        return acting

    def _tell_run(self, run: Mapping[str, Any]) -> None:
        if run["state"] in ENDS and self.acting is not None:
            self._keep_evidence(self.acting.run(run["id"]))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.hub.tell_run, run)

    def _keep_evidence(self, run: Mapping[str, Any]) -> None:
        found = evidence.diagnosis(run)
        try:
            if found is not None:
                self.diagnoses.keep(found, f"workflow:{run['workflow']}")
        except HeapwatchError as error:  # the run itself has it all
            log.error("a run's evidence is not among the diagnoses", run=run["id"], error=str(error))

    def _stored_totals(self, snapshot: Snapshot) -> tuple[int, int] | None:
        """Instances and bytes of the histogram that this JVM already has at this moment."""
        host, jvm, pid, started = snapshot.jvm
        try:
            found = self.store.snapshots(
                host=[_literally(host)],
                jvm=[_literally(jvm)],
                pid=pid,
                from_=snapshot.time,
                to=snapshot.time,
                mode=snapshot.mode,
            )["columns"]
        except NotFound:
            return None
        rows = zip(found["started"], found["instances"], found["bytes"], strict=True)
        return next(((instances, size) for began, instances, size in rows if began == started), None)

    def _tasks(self) -> list[Task]:
        return [
            Task("rollup", 600.0, self.store.rollup, first=60.0),
            Task("retention", 3600.0, self.store.retain, first=120.0),
            Task("leaks", self.settings.leaks_every, self.leaks.round, first=1.0),
            Task("alerts", self.settings.alert_every, self.alerter.round, first=1.0),
            Task("tokens", 60.0, self.access.flush, first=60.0),
            Task("pace", 10.0, self._read_doors),
            *self.monitoring.tasks(),
            *(self.acting.tasks() if self.acting is not None else []),
        ]

    def _collect(self) -> Iterable[Metric]:
        yield from figures.of_process(self.started)
        yield from figures.of_doors(self.all_doors(), self.rejects.counts())
        yield from figures.of_batcher(self.batcher)
        yield from figures.of_clients(self.hub, self.readers)
        stored = self.store.status()
        yield from figures.of_store(stored)
        yield from figures.of_agents(self.doors.agents.rows(stored["agents"]))
        yield from self.monitoring.metrics()
        if self.settings.findings_in_metrics:
            yield from findings.of_classes(self.store, self.settings.findings_in_metrics)
            yield from findings.of_leaks(self.leaks, self.store.parts.clock())


def _provider(settings: Settings) -> Provider:
    from heapwatch.web.openid import Provider  # Authlib is loaded where somebody signs in by it

    return Provider(settings)


def _literally(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
