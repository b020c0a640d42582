"""A real OpenSSH server on loopback, with keys of its own, for as long as a test wants it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 200
AllowTcpForwarding yes
"""


@dataclass(frozen=True)
class Sshd:
    """Where it listens, and what a client needs."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def key(self) -> Path:
        return self.folder / "user_key"

    @property
    def log(self) -> Path:
        return self.folder / "sshd.log"

    def known_hosts(self, *names: str) -> str:
        """The lines that make its key known under these names, for its port."""
        kind, key = (self.folder / "host_key.pub").read_text().split()[:2]
        return "".join(f"[{name}]:{self.port} {kind} {key}\n" for name in names)


@contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    """A server that lets in whoever runs the tests, by the key `user_key` of the folder."""
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert program is not None
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it wants to be in an empty place
    port = _free_port()
    (folder / "sshd_config").write_text(CONFIG.format(port=port, folder=folder))
    with open(folder / "sshd.log", "wb") as log:
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", folder / "sshd_config"], stdin=subprocess.DEVNULL, stderr=log
        )
    try:
        _wait_for(process, port, folder / "sshd.log")
        yield Sshd(port, folder, process)
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 20
    while b"Server listening" not in log.read_bytes():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.01)
