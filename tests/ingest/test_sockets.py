"""What doors for lines share: their sockets, and who may send."""

from __future__ import annotations

import asyncio
import socket

import pytest

from heapwatch.errors import UsageError
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.sockets import Listener, bind


def listener(taken: list[bytes], allow: list[str]) -> Listener:
    async def read(reader: asyncio.StreamReader, peer: str) -> None:
        taken.append(await reader.read())

    return Listener(
        "lines", Rejects(), read, lambda data, peer: taken.append(data), connections=1, allow=allow, piece=1
    )


def test_a_port_that_is_taken_is_said_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match=r"for lines: Address already in use; choose .* lines_listen"):
            bind("127.0.0.1", taken.getsockname()[1], udp=True, what="lines", setting="lines_listen")


@pytest.mark.parametrize(
    ("peer", "allow", "may"),
    [
        ("10.1.2.3:999", ["10.1.0.0/16"], True),
        ("10.2.0.1:999", ["10.1.0.0/16"], False),
        ("[::ffff:10.1.0.1]:999", ["10.1.0.0/16"], True),
        ("[::ffff:10.2.0.1]:999", ["10.1.0.0/16"], False),
        ("[fe80::1%eth0]:999", ["fe80::/10"], True),
        ("[2001:db8::1]:999", ["10.1.0.0/16"], False),
        ("127.0.0.1:999", ["10.1.0.0/16"], True),
        ("[::1]:999", ["10.1.0.0/16"], True),
        ("10.2.0.1:999", [], True),
    ],
)
def test_only_networks_that_are_allowed_may_send_from_outside(peer: str, allow: list[str], may: bool) -> None:
    taken: list[bytes] = []
    it = listener(taken, allow)
    it.datagram(b"a", peer)
    assert taken == [b"a"] * may
    assert it.udp.requests == 1
