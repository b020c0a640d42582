"""HotSpot's attach protocol: a request and its answer over the JVM's Unix socket.

    v1 (all JDKs)   1\\0 command \\0 arg \\0 arg \\0 arg \\0                  always three arguments
    v2 (24 and up)  2\\0 <length> \\0 command[ option=value] \\0 (arg \\0)*
    answer          <result in decimal> \\n <text until the end of the stream>

JDK 25 prints its answer *inside the safepoint* and straight into the socket, so a client that reads slowly
stops the application. `getversion options` tells such a VM (`2 streaming`); every request to it then says
`streaming=0`, and the VM collects its answer in memory as older ones do.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Optional, Sequence, Tuple

from heapwatch.jvm import credentials, process, visits
from heapwatch.jvm.histogram import decode
from heapwatch.jvm.listener import Listener
from heapwatch.jvm.refusals import (
    AttachError,
    Busy,
    Closed,
    NoPermission,
    OperationRefused,
    Pending,
    StaleSocket,
    TimedOut,
    UnsupportedVm,
    WrongPeer,
)
from heapwatch.model import ALL, LIVE, Target

__all__ = ["AttachError", "Attachment"]

VERSION_TIMEOUT_S = 5.0
JCMD_TIMEOUT_S = 10.0
HISTOGRAM_TIMEOUT_S = 10.0

_BAD_PROTOCOL = 101
_V1_ARGUMENT_LIMIT = 1024
_V2_BODY_LIMIT = 256 * 1024
_ANSWER_LIMIT = 256 * 1024 * 1024
_PROBE_PAUSE_S = 5.0
_RECEIVE = 1 << 18


class Attachment:
    """One JVM's attach socket. Threads and processes of ours take turns; the JVM serves one at a time.

    Cheap to make, holds nothing open between requests, and valid for one life of the process.
    """

    def __init__(self, target: Target, proc: str = "/proc") -> None:
        self.target = target
        self._proc = proc
        self._protocol: Optional[str] = None  # "1", "2", "2 streaming"
        self._longest_histogram = 0.0

    def execute(self, command: str, *arguments: str, timeout: float = JCMD_TIMEOUT_S) -> str:
        """Ask the JVM and return its whole answer; every way to fail is an AttachError."""
        return decode(self.answer(command, *arguments, timeout=timeout))

    def answer(self, command: str, *arguments: str, timeout: float = JCMD_TIMEOUT_S) -> bytes:
        """As `execute`, but the bytes as the JVM wrote them."""
        if self.target.vm != "hotspot":
            raise UnsupportedVm(f"JVM {self.target.pid} is {_vm_name(self.target.vm)}: not supported yet")
        deadline = time.monotonic() + timeout
        listener = Listener(self.target, self._proc)
        with visits.visit(self.target.pid, self.target.start_ticks, timeout) as visit:
            listener.check_running(thoroughly=self._protocol is None or visit.state.pending is not None)
            if visit.state.pending:
                self._ask_after(visit, listener)
            if self._protocol is None:
                self._protocol = self._negotiate(visit, listener)
            return self._request(visit, listener, command, arguments, deadline)

    def histogram_text(
        self, mode: str = ALL, timeout: Optional[float] = None, parallel: Optional[int] = None
    ) -> str:
        """A class histogram as the JVM prints it. `live` forces a full collection; never by default.

        `parallel` is the number of threads that walk the heap (JDK 16 and up); None leaves it to the JVM.
        """
        if mode not in (ALL, LIVE):
            raise ValueError(f"no mode of a histogram: {mode!r}")
        if timeout is None:
            timeout = max(HISTOGRAM_TIMEOUT_S, 20 * self._longest_histogram)
        arguments = [f"-{mode}"]
        if parallel is not None:
            arguments += ["", str(parallel)]
        began = time.monotonic()
        text = self.execute("inspectheap", *arguments, timeout=timeout)
        self._longest_histogram = max(self._longest_histogram, time.monotonic() - began)
        return text

    def jcmd(self, text: str, timeout: float = JCMD_TIMEOUT_S) -> str:
        """A diagnostic command as `jcmd` takes it: "VM.version", "GC.heap_info"."""
        return self.execute("jcmd", text, timeout=timeout)

    # -- requests ---------------------------------------------------------------------------------------

    def _negotiate(self, visit: visits.Visit, listener: Listener) -> str:
        """Which protocol the JVM speaks. Up to 23 it does not know the question, which is an answer too."""
        deadline = time.monotonic() + VERSION_TIMEOUT_S
        result, text = _split(self._exchange(visit, listener, _v1("getversion", ["options"]), deadline))
        words = decode(text).split()
        if result != 0 or not words or words[0] != "2":
            return "1"
        return "2 streaming" if len(words) > 1 and "streaming" in words[1].split(",") else "2"

    def _request(
        self,
        visit: visits.Visit,
        listener: Listener,
        command: str,
        arguments: Sequence[str],
        deadline: float,
    ) -> bytes:
        if self._protocol == "1":
            data = _v1(command, arguments)
        elif self._protocol == "2":
            data = _v2(command, arguments)
        else:
            data = _v2(f"{command} streaming=0", arguments)
        visit.state.pending, visit.state.pending_since = command, visits.now()
        visit.save()
        try:
            result, text = _split(self._exchange(visit, listener, data, deadline))
        except TimedOut:
            raise  # the JVM works on: the next visitor asks first
        except AttachError:
            visit.state.pending = None
            raise
        visit.state.pending = None
        if result == _BAD_PROTOCOL:
            self._protocol = None
            raise OperationRefused(f"JVM {self.target.pid} no longer speaks the protocol it announced")
        if result != 0:
            raise OperationRefused(
                f"JVM {self.target.pid} refused {command!r}: {_one_line(decode(text)) or f'result {result}'}"
            )
        return text

    def _ask_after(self, visit: visits.Visit, listener: Listener) -> None:
        """An earlier operation was not seen to end. The JVM answers in turn: an answer now means it did."""
        state, pid = visit.state, self.target.pid
        since = visits.now() - state.pending_since
        message = f"JVM {pid} still works on {state.pending!r} of {since:.0f} s ago; no new request is sent"
        if state.probed is not None and visits.now() - state.probed < _PROBE_PAUSE_S:
            raise Pending(message, retry_after=_PROBE_PAUSE_S)
        state.probed = visits.now()
        visit.save()
        try:
            self._protocol = self._negotiate(visit, listener)
        except (TimedOut, Busy):
            raise Pending(message, retry_after=_PROBE_PAUSE_S) from None
        state.pending, state.probed = None, None

    def _exchange(self, visit: visits.Visit, listener: Listener, data: bytes, deadline: float) -> bytes:
        with listener.tmp() as tmp:
            stale = None
            if listener.socket_file(tmp) is None:
                listener.open_socket(tmp, visit)
            for _ in range(2):
                connection = self._connect(listener, tmp, deadline)
                if connection is not None:
                    with connection:
                        return self._converse(connection, data, deadline)
                if stale is not None:
                    break
                stale = listener.socket_file(tmp)
                listener.open_socket(tmp, visit, stale)
        raise StaleSocket(
            f"/tmp/{listener.socket_name} of JVM {self.target.pid} is there, but nobody listens; "
            "restart the JVM to be able to attach"
        )

    def _connect(self, listener: Listener, tmp: int, deadline: float) -> Optional[socket.socket]:
        """A connection to the JVM itself, or None when nobody listens on the socket."""
        pid, wait = self.target.pid, 0.01
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            while True:
                connection.settimeout(_left(deadline))
                try:
                    with credentials.effective(listener.status.uid, listener.status.gid):
                        connection.connect(f"/proc/self/fd/{tmp}/{listener.socket_name}")
                    break
                except (ConnectionRefusedError, FileNotFoundError):
                    connection.close()
                    return None
                except PermissionError as error:
                    raise NoPermission(
                        f"JVM {pid} runs as {listener.status.uid}:{listener.status.gid}; run as root, "
                        f"or as exactly that uid and gid ({error.strerror})"
                    ) from error
                except BlockingIOError:  # its queue of five is full
                    if time.monotonic() + wait > deadline:
                        raise Busy(
                            f"another tool is attached to JVM {pid}, and more wait", retry_after=5
                        ) from None
                    time.sleep(wait)
                    wait = min(wait * 2, 0.5)
            peer = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            if peer != pid:
                raise WrongPeer(f"the attach socket of JVM {pid} is served by another process ({peer})")
        except BaseException:
            connection.close()
            raise
        return connection

    def _converse(self, connection: socket.socket, data: bytes, deadline: float) -> bytes:
        """Send all, then do nothing but read: a JVM that streams stands still while we do not."""
        pid, answer = self.target.pid, bytearray()
        try:
            connection.settimeout(_left(deadline))
            connection.sendall(data)
            while True:
                connection.settimeout(_left(deadline))
                part = connection.recv(_RECEIVE)
                if not part:
                    break
                answer += part
                if len(answer) > _ANSWER_LIMIT:
                    raise OperationRefused(f"JVM {pid} answers more than {_ANSWER_LIMIT >> 20} MiB")
        except socket.timeout:
            raise TimedOut(
                f"JVM {pid} did not answer in time: {_why_silent(pid, self._proc)}", retry_after=10
            ) from None
        except (BrokenPipeError, ConnectionResetError):
            answer.clear()
        if not answer:
            raise Closed(
                f"JVM {pid} hung up without an answer: it takes only clients of its own uid and gid "
                f"(JDK 8: not even root), or it is ending"
            )
        return bytes(answer)


def _v1(command: str, arguments: Sequence[str]) -> bytes:
    if len(arguments) > 3:
        raise OperationRefused(f"{command!r} with {len(arguments)} arguments: JDKs before 24 take three")
    encoded = [argument.encode() for argument in arguments] + [b""] * (3 - len(arguments))
    if any(len(argument) > _V1_ARGUMENT_LIMIT for argument in encoded):
        raise OperationRefused(f"an argument of {command!r} has more than {_V1_ARGUMENT_LIMIT} bytes")
    return b"\0".join([b"1", command.encode(), *encoded, b""])


def _v2(command: str, arguments: Sequence[str]) -> bytes:
    body = b"\0".join([command.encode(), *(argument.encode() for argument in arguments), b""])
    if len(body) > _V2_BODY_LIMIT:
        raise OperationRefused(f"{command!r} has arguments of more than {_V2_BODY_LIMIT >> 10} KiB")
    return b"2\0%d\0%s" % (len(body), body)


def _split(answer: bytes) -> Tuple[int, bytes]:
    """The result and the text of an answer."""
    result, _, text = answer.partition(b"\n")
    try:
        return int(result), text
    except ValueError:
        raise Closed(f"no answer of a JVM: {answer[:40]!r}") from None


def _why_silent(pid: int, proc: str) -> str:
    try:
        state = process.status(pid, proc).state
    except ProcessLookupError:
        return "it has ended"
    if state in "tT":
        return "it is stopped (SIGSTOP or a debugger)"
    return "it is busy with another request, short of CPU, or cannot reach a safepoint"


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.001)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _vm_name(vm: str) -> str:
    return {"openj9": "OpenJ9"}.get(vm, vm or "of unknown kind")
