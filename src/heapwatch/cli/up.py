"""`heapwatch up`: a server and an agent as children of a small supervisor.

    server starts -> /readyz answers -> agent starts -> ... -> agent ends -> server ends

Both are new programs and not forks, in sessions of their own: the terminal's Ctrl-C reaches only the
supervisor, which ends them in order. When the supervisor itself is killed, the kernel tells them to end.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import webbrowser
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.demo.processes import Process, stop_all
from heapwatch.cli.keepers import noted
from heapwatch.cli.options import Seconds, ServerOptions
from heapwatch.errors import HeapwatchError, Refused, Unavailable, UsageError
from heapwatch.web.auth import Tokens, Users
from heapwatch.web.settings import Address, Settings, load

READY_S = 60.0
STEP_S = 0.2
LOG_BYTES = 8 << 20
"""A log that is longer when we start begins anew."""

AGENT_TOKEN = "heapwatch up on this machine"


def up(
    *,
    data: Path | None = None,
    listen: str | None = None,
    port: int | None = None,
    graphite_listen: str = "off",
    interval: Seconds = 10.0,
    only: Annotated[tuple[str, ...], Parameter(negative="", metavar="PID|NAME")] = (),
    config: Path | None = None,
    agent_config: Path | None = None,
    open_: Annotated[bool, Parameter(name="--open", negative="--no-browser")] = False,
) -> int:
    """Supervise this machine: server and agent in one go.

    The agent finds the JVMs (all that it may ask: run as root for those of other
    users), the server stores and shows what it sends. Ctrl-C ends both; what is
    stored stays, and the next `heapwatch up` goes on with it.

    For example:

        heapwatch up
        heapwatch up --port 7100 --interval 30s --only shop
        heapwatch up --data /srv/heapwatch --open

    Parameters
    ----------
    data
        Where everything is kept [else /var/lib/heapwatch for root, ~/.local/share/heapwatch].
    listen
        Address of the API and the screens [else 127.0.0.1:7077].
    port
        The same on 127.0.0.1, only the port; 0 is any that is free.
    graphite_listen
        Take Graphite lines at this address too.
    interval
        From one histogram of a JVM to the next, at least.
    only
        Only these JVMs (repeatable) [else all].
    config
        Settings file of the server (TOML).
    agent_config
        Settings file of the agent (TOML): labels, budget, names, further sinks.
    open_
        Open a browser, where there is one.
    """
    if listen and port is not None:
        raise UsageError("--listen or --port, not both")
    flags = {
        "data": str(data) if data else None,
        "listen": listen or (f"127.0.0.1:{_free(port)}" if port is not None else None),
        "graphite_listen": graphite_listen,
    }
    settings = load(flags, config).settings
    both = _Both(settings, config, _agent_flags(interval, only, agent_config))
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        both.start()
        _announce(both, settings, open_)
        both.watch()
    except KeyboardInterrupt:
        print("\nending", file=sys.stderr)
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # ending is under way, and it is quick
        both.stop()
    return 0


class _Both:
    """The two children."""

    def __init__(self, settings: Settings, config: Path | None, agent_flags: list[str]) -> None:
        self.url = _url(settings)
        self.logs = settings.data / "logs"
        self._settings = settings
        self._config = config
        self._agent_flags = agent_flags
        self._children: list[Process] = []

    def start(self) -> None:
        """Returns once the server answers and the agent has been started."""
        self._refuse_second()
        try:
            self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(f"cannot use the data folder {self._settings.data}: {error.strerror}") from error
        settings = self._settings
        command = ["serve", "--data", str(settings.data), "--listen", settings.listen]
        command += ["--graphite-listen", settings.graphite_listen or "off", "--log-format", "text"]
        command += ["--config", str(self._config)] if self._config else []
        self._child("server", "heapwatch.cli.main", command)
        self._await_server()
        self._child("agent", "heapwatch.agent.main", self._agent_command())

    def watch(self) -> None:
        """Until somebody interrupts, or a child ends by itself, which is an error."""
        while True:
            self._check()
            time.sleep(STEP_S)

    def stop(self) -> None:
        """The agent first, so that what it holds still arrives."""
        for child in reversed(self._children):
            stop_all([child])

    def _child(self, name: str, module: str, words: list[str]) -> None:
        log = self.logs / f"{name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.unlink()
        self._children.append(Process(name, [sys.executable, "-m", module, *words], log))

    def _agent_command(self) -> list[str]:
        command = ["run", "--server", self.url, *self._agent_flags]
        command += ["--spool", str(self._settings.data / "agent"), "--listen", "127.0.0.1:0"]
        token = _agent_token(self._settings)
        return command + (["--token-file", str(token)] if token else [])

    def _refuse_second(self) -> None:
        """The port's error message would not say that what is there is heapwatch itself."""
        try:
            with Client(ServerOptions(self.url)) as client:
                client.text("/healthz")
        except HeapwatchError:
            return
        raise UsageError(f"{self.url} is taken, by a heapwatch that runs already: look there, or use --port")

    def _await_server(self) -> None:
        deadline = time.monotonic() + READY_S
        with Client(ServerOptions(self.url)) as client:
            while time.monotonic() < deadline:
                self._check()
                try:
                    client.text("/readyz")
                    return
                except (Unavailable, Refused):
                    time.sleep(STEP_S)
        raise HeapwatchError(
            f"the server was not ready after {human.duration(READY_S)}: {self.logs}/server.log"
        )

    def _check(self) -> None:
        for child in self._children:
            code = child.exit_code()
            if code is not None:
                said = child.last_words(1).removeprefix("heapwatch: ")
                raise HeapwatchError(f"the {child.name} ended (exit code {code}): {said or child.log}")


def _agent_flags(interval: float, only: tuple[str, ...], config: Path | None) -> list[str]:
    flags = ["--interval", f"{interval:g}s"]
    for name in only:
        flags += ["--only", name]
    return flags + (["--config", str(config)] if config else [])


def _agent_token(settings: Settings) -> Path | None:
    """Where not everybody gets in, the agent needs a token: made the first time, kept beside the data."""
    tokens, path = Tokens(settings.tokens_file), settings.data / "agent.token"
    if not _closed(settings):
        return None
    names = [token.name for token in tokens.all()]
    if AGENT_TOKEN not in names or not path.exists():
        if AGENT_TOKEN in names:
            tokens.revoke(AGENT_TOKEN)
        with noted(settings, "token.create", AGENT_TOKEN, "ingest"):
            secret, _ = tokens.create(AGENT_TOKEN, ["ingest"])
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(secret + "\n")
    return path


def _closed(settings: Settings) -> bool:
    """Whether anybody is known, so that others do not get in."""
    users = Users(settings.data / "users.json")
    return bool(settings.oidc_issuer) or Tokens(settings.tokens_file).exist() or users.exist()


def _announce(both: _Both, settings: Settings, open_browser: bool) -> None:
    print(f"heapwatch is at {both.url}")
    print(f"data and logs: {settings.data}")
    if not _closed(settings):
        print("open to everybody on this machine; `heapwatch user add` or `heapwatch token create` closes it")
    if os.geteuid() != 0:
        print("JVMs of other users cannot be asked; root could")
    print("Ctrl-C ends it", flush=True)
    if open_browser:
        can_show = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
        if not can_show or not webbrowser.open(both.url):
            print(f"open {both.url} in a browser", flush=True)


def _url(settings: Settings) -> str:
    """By which name this machine reaches the server: an address for everybody is no address to ask."""
    address = settings.http
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)
    return f"{'https' if settings.tls_cert else 'http'}://{Address(host, address.port)}"


def _free(port: int) -> int:
    from heapwatch.cli.demo.show import free_port

    return port or free_port(0)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
