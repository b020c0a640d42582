"""A process that looks like a JVM with an open attach socket, and answers as a test wants it to.

    python mute.py [--blocked] BEHAVIOUR ...      one for each connection; the last one is repeated

Prints READY when it listens, and `got COMMAND` for each request. Ends with its standard input.
"""

import ctypes
import os
import platform
import signal
import socket
import sys
import threading
import time
from pathlib import Path


def serve(listener: socket.socket, behaviours: list) -> None:
    while True:
        connection, _ = listener.accept()
        behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        request = connection.recv(1 << 16)
        print("got", request.split(b"\0")[1].decode(), flush=True)
        if behaviour == "silent":
            kept.append(connection)
            continue
        if behaviour == "hangup":
            connection.close()
            continue
        answer = {
            "unknown": b"-1\nOperation getversion not recognized!\n",
            "cut": b"0\n num     #instances\n   1:  10  160  a.A\n   2:  1",
            "garbage": b"\xff\xfe no number\n",
            "error": b"-1\nInvalid argument to inspectheap operation: x\n",
            "badversion": b"101\n",
            "slow": b"0\nslow",
        }[behaviour]
        if behaviour == "slow":
            for byte in answer:
                connection.sendall(bytes([byte]))
                time.sleep(0.02)
        else:
            connection.sendall(answer)
        connection.close()


def block() -> None:
    """Stay in the kernel until a child of ours ends, which it does not: state D, as with a dead disk."""
    vfork, sigchld, clone = 0x4000, 17, {"x86_64": 56, "aarch64": 220}[platform.machine()]
    if ctypes.CDLL(None).syscall(clone, vfork | sigchld, 0, 0, 0, 0) == 0:
        ctypes.CDLL(None).prctl(1, 9)  # die with the parent
        while True:
            signal.pause()


kept: list = []
arguments = sys.argv[1:]
if arguments[0] == "--blocked":
    del arguments[0]
    threading.Thread(target=block, daemon=True).start()
    while not any(" D " in stat.read_text() for stat in Path("/proc/self/task").glob("*/stat")):
        os.sched_yield()
path = f"/tmp/.java_pid{os.getpid()}"
Path(path).unlink(missing_ok=True)  # of a JVM that was killed and had this pid
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
os.chmod(path, 0o600)
listener.listen(5)
threading.Thread(target=serve, args=(listener, arguments), daemon=True).start()
print("READY", flush=True)
try:
    sys.stdin.read()
finally:
    os.unlink(path)
