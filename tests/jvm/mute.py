"""A process that looks like a JVM with an open attach socket, and answers as a test wants it to.

    python mute.py BEHAVIOUR ...      one for each connection; the last one is repeated

Prints READY when it listens, and `got COMMAND` for each request. Ends with its standard input.
"""

import os
import socket
import sys
import threading
import time


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


kept: list = []
path = f"/tmp/.java_pid{os.getpid()}"
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
os.chmod(path, 0o600)
listener.listen(5)
threading.Thread(target=serve, args=(listener, sys.argv[1:]), daemon=True).start()
print("READY", flush=True)
try:
    sys.stdin.read()
finally:
    os.unlink(path)
