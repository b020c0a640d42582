"""Every port besides the API's: what listens there, and the door behind it. One table; all else walks it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from heapwatch.errors import UsageError
from heapwatch.ingest.batcher import Batcher
from heapwatch.ingest.blocks import BlockReader
from heapwatch.ingest.class_lines import ClassLines
from heapwatch.ingest.doors import Door
from heapwatch.ingest.guard import Guard
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.samples import Pickles, PlainLines, SampleDoor
from heapwatch.ingest.sockets import Sockets, bind
from heapwatch.ingest.syslog import SyslogDoor
from heapwatch.web.settings import Address, Settings, line_address
from heapwatch.wire import collectd
from heapwatch.wire.graphite import parse_lines
from heapwatch.wire.paths import Template


class PortDoor(Protocol):
    """A door behind a port."""

    tcp: Door
    udp: Door

    async def start(self, sockets: Sockets, tls: ssl.SSLContext | None = None) -> None: ...

    async def stop(self) -> None: ...


class Port(NamedTuple):
    """One row. Its settings begin with its name: `syslog_listen`; its networks may be another row's."""

    name: str
    what: str
    transports: Callable[[Settings], tuple[bool, bool]]
    """Whether there are streams, and datagrams."""
    networks: str
    build: Callable[[Settings, Batcher, Rejects, Guard], PortDoor]

    def address(self, settings: Settings) -> Address | None:
        return line_address(getattr(settings, f"{self.name}_listen"))

    def bind(self, settings: Settings) -> Sockets | None:
        """Its sockets, None when it is off. What is encrypted has no datagrams."""
        address = self.address(settings)
        if address is None:
            return None
        tcp, udp = self.transports(settings)
        if self.name in settings.tls_ports:
            udp = False
        return bind(*address, tcp=tcp, udp=udp, what=self.what, setting=f"{self.name}_listen")

    def allow(self, settings: Settings) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(settings, self.networks)
        return found


def _graphite(settings: Settings, batcher: Batcher, rejects: Rejects, guard: Guard) -> PortDoor:
    reader = BlockReader()
    return SampleDoor(
        "graphite",
        batcher,
        rejects,
        stream=lambda: PlainLines(reader),
        datagram=parse_lines,
        class_lines=ClassLines(Template(settings.graphite_template), guard=guard),
        connections=settings.graphite_connections,
        idle=settings.graphite_idle,
        allow=settings.graphite_allow,
    )


def _pickle(settings: Settings, batcher: Batcher, rejects: Rejects, guard: Guard) -> PortDoor:
    return SampleDoor(
        "pickle",
        batcher,
        rejects,
        stream=Pickles,
        class_lines=ClassLines(Template(settings.graphite_template), guard=guard),
        connections=settings.graphite_connections,
        idle=settings.graphite_idle,
        allow=settings.graphite_allow,
    )


def _collectd(settings: Settings, batcher: Batcher, rejects: Rejects, guard: Guard) -> PortDoor:
    del guard  # nothing here makes a JVM or a class
    return SampleDoor(
        "collectd", batcher, rejects, datagram=collectd.parse_packet, allow=settings.collectd_allow
    )


def _syslog(settings: Settings, batcher: Batcher, rejects: Rejects, guard: Guard) -> PortDoor:
    del guard  # nothing here makes a JVM or a class
    return SyslogDoor(
        batcher,
        rejects,
        connections=settings.syslog_connections,
        idle=settings.syslog_idle,
        allow=settings.syslog_allow,
    )


PORTS = (
    Port("graphite", "Graphite lines", lambda s: (True, s.graphite_udp), "graphite_allow", _graphite),
    Port("pickle", "Graphite pickles", lambda _: (True, False), "graphite_allow", _pickle),
    Port("collectd", "collectd's packets", lambda _: (False, True), "collectd_allow", _collectd),
    Port("syslog", "syslog", lambda _: (True, True), "syslog_allow", _syslog),
)


def bind_all(settings: Settings) -> dict[str, Sockets]:
    """Sockets of every port that is not off, by name; none stays open when one cannot be had."""
    bound: dict[str, Sockets] = {}
    try:
        for port in PORTS:
            sockets = port.bind(settings)
            if sockets is not None:
                bound[port.name] = sockets
    except BaseException:
        close_all(bound)
        raise
    return bound


def close_all(bound: Mapping[str, Sockets]) -> None:
    for sockets in bound.values():
        sockets.close()


def doors(settings: Settings, batcher: Batcher, rejects: Rejects, guard: Guard) -> dict[str, PortDoor]:
    return {port.name: port.build(settings, batcher, rejects, guard) for port in PORTS}


def check_exposure(settings: Settings) -> None:
    """Refuse ports that others can reach, unless it is said who may send: networks, or certificates."""
    for port in PORTS:
        address = port.address(settings)
        if port.name in settings.tls_ports and settings.tls_client_ca and settings.tls_client == "required":
            continue
        if address and not address.loopback and not port.allow(settings):
            flag = "--" + port.networks.replace("_", "-")
            raise UsageError(
                f"{port.name} on {address} takes {port.what} from everybody: name the networks that may send "
                f"with {flag}, listen on 127.0.0.1, or accept the risk with --insecure"
            )
