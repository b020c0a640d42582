"""The process of `heapwatch serve`: sockets, store, application, signals, and an orderly end.

    bind sockets -> check that they may be open -> open the store -> serve
    SIGTERM, SIGINT: end live streams -> accept nothing -> answer what is under way -> insert what has
    arrived -> close the store -> exit code 0
    SIGHUP: read settings and tokens again, and write into the audit what came of it

Sockets come first because their errors are the commonest; nothing is answered before the store is open.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from heapwatch import __version__
from heapwatch.errors import UsageError
from heapwatch.ingest.sockets import Sockets
from heapwatch.store import Retention, Store, open_store
from heapwatch.store import Settings as StoreSettings
from heapwatch.web import logs, ports
from heapwatch.web.access import Access
from heapwatch.web.app import create_app
from heapwatch.web.settings import Address, Settings
from heapwatch.web.tls import server_context

log = structlog.get_logger("heapwatch.serve")

GRACE_S = 5
KEEP_ALIVE_S = 75


@dataclass(frozen=True)
class Serving:
    """Where a server that has begun to answer can be reached."""

    url: str
    ports: Mapping[str, Address]
    """Those besides the API's, by the names of ports.py."""


def serve(
    settings: Settings,
    *,
    ready: Callable[[Serving], None] | None = None,
    reload: Callable[[], Settings] | None = None,
) -> None:
    """Run until SIGTERM or SIGINT. `ready` is called once, when the server answers.

    `reload` reads the settings again for /-/reload.
    """
    _make_data(settings.data)
    _allow_many_files()
    check_exposure(settings)
    tls = server_context(settings)
    http = _bind_http(settings.http)
    bound: Mapping[str, Sockets] = {}
    try:
        bound = ports.bind_all(settings)
        logs.configure(settings.log_level, settings.log_format)
        store = open_store_for(settings)
    except BaseException:
        http.close()
        ports.close_all(bound)
        raise
    _settle_down()
    try:
        asyncio.run(_serve(store, settings, _Sockets(http, bound, tls), ready, reload))
    finally:
        store.close()
        log.info("stopped")


def _settle_down() -> None:
    """What is in memory now stays for good: the collector need not walk through it time and again."""
    gc.collect()
    gc.freeze()


def open_store_for(settings: Settings) -> Store:
    """The store that these settings describe."""
    return open_store(
        settings.store_location,
        StoreSettings(
            readers=settings.readers,
            query_seconds=settings.query_timeout,
            memory_bytes=settings.store_memory,
            query_memory_bytes=settings.query_memory,
            fsync=settings.fsync,
            min_free_disk_bytes=settings.min_free_disk,
            max_series=settings.max_series,
            series_each=settings.sender_series,
            histograms_as_logs=settings.keep_histograms_as_logs,
            retention=Retention(
                raw_days=settings.raw_days,
                hour_days=settings.hour_days,
                event_days=settings.event_days,
                log_days=settings.log_days,
                max_bytes=settings.max_disk,
            ),
        ),
        state=settings.data if settings.store_dsn else None,
    )


@dataclass(frozen=True)
class _Sockets:
    """What we listen on."""

    http: socket.socket
    ports: Mapping[str, Sockets]
    tls: ssl.SSLContext | None


def check_exposure(settings: Settings) -> None:
    """Refuse to be reachable from outside without any protection, unless told so."""
    closed = Access(settings).closed
    if settings.insecure:
        return
    if not settings.http.loopback and not closed:
        raise UsageError(
            f"{settings.http} can be reached from other machines, and there is no user and no token yet: "
            "make one with `heapwatch user add` or `heapwatch token create`, listen on 127.0.0.1, or accept "
            "the risk with --insecure"
        )
    ports.check_exposure(settings)


async def _serve(
    store: Store,
    settings: Settings,
    sockets: _Sockets,
    ready: Callable[[Serving], None] | None,
    reload: Callable[[], Settings] | None,
) -> None:
    tls = sockets.tls
    app = create_app(store, settings, ports=sockets.ports, reload=reload, tls=tls)
    config = uvicorn.Config(
        app,
        http=_Patient,
        limit_concurrency=settings.http_connections,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_context_factory=(lambda _config, _default: tls) if tls else None,
    )
    services = app.state.services
    server = _Server(
        config, on_stop=services.hub.close, on_reload=lambda: services.notes.reload(services.reload)
    )
    told = asyncio.create_task(_tell(server, settings, sockets, ready))
    try:
        await server.serve(sockets=[sockets.http])
    finally:
        told.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await told


async def _tell(
    server: _Server,
    settings: Settings,
    sockets: _Sockets,
    ready: Callable[[Serving], None] | None,
) -> None:
    await server.answering.wait()
    scheme = "https" if settings.tls_cert else "http"
    address = Address(*sockets.http.getsockname()[:2])
    listening = {name: Address(*each.address) for name, each in sockets.ports.items()}
    serving = Serving(f"{scheme}://{address}", listening)
    log.info(
        "serving",
        url=serving.url,
        **{name: str(each) for name, each in listening.items()},
        data=str(settings.data),
        version=__version__,
    )
    if ready is not None:
        ready(serving)


class _Patient(H11Protocol):
    """HTTP/1.1, but a connection on which no request comes to its end is closed, however slowly it drips."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waited = False
        self._look_later()

    def _look_later(self) -> None:
        self._looking = self.loop.call_later(KEEP_ALIVE_S, self._look)

    def _look(self) -> None:
        waits = self.conn.their_state is h11.IDLE and (self.cycle is None or self.cycle.response_complete)
        if waits and self._waited:
            self.transport.close()
            return
        self._waited = waits
        self._look_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._looking.cancel()
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """uvicorn, but SIGTERM is an orderly end with exit code 0, and live streams end at once."""

    def __init__(
        self, config: uvicorn.Config, on_stop: Callable[[], None], on_reload: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()
        self._on_stop = on_stop
        self._on_reload = on_reload

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        caught = (signal.SIGTERM, signal.SIGINT)
        for number in caught:
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        try:
            yield
        finally:
            for number in (*caught, signal.SIGHUP):
                loop.remove_signal_handler(number)

    def _reload(self) -> None:
        asyncio.get_running_loop().run_in_executor(None, self._on_reload)  # it waits for the disk

    def _stop(self, number: int) -> None:
        log.info("stopping", signal=signal.Signals(number).name)
        if self.should_exit and number == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
        self._on_stop()


def _bind_http(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    # asyncio does so only for sockets that say they are TCP's; else each answer waits 40 ms for an ACK
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(512)
    except OSError as error:
        listening.close()
        raise UsageError(
            f"cannot listen on {address}: {error.strerror}; choose another address with --listen"
        ) from error
    return listening


def _allow_many_files() -> None:
    """A connection is a file; the usual 1,024 are for programs with few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _make_data(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(
            f"cannot make the data folder {folder}: {error.strerror}; choose another with --data"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write in the data folder {folder}; choose another with --data")
