"""Where tokens, users and the audit are kept: a data folder of this machine, or a running server.

What is changed in a folder is noted in its audit, as the server notes what it is asked for.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from heapwatch.cli.options import ServerOptions
from heapwatch.errors import HeapwatchError, UsageError

if TYPE_CHECKING:
    from heapwatch.cli.client import Client
    from heapwatch.web.settings import Settings


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """Those of which server."""

    data: Annotated[Path | None, Parameter(group="Where", metavar="FOLDER")] = None
    "Data folder of the server [else the one of its settings]."
    server: Annotated[str | None, Parameter(group="Where", metavar="URL")] = None
    "Ask this server instead; needs a token with the scope admin."
    token: Annotated[str | None, Parameter(group="Where", env_var="HEAPWATCH_TOKEN")] = None
    "The token with which to ask."
    token_file: Annotated[
        str | None, Parameter(group="Where", env_var="HEAPWATCH_TOKEN_FILE", metavar="FILE")
    ] = None
    "File that holds it."
    ca_file: Annotated[str | None, Parameter(group="Where", env_var="HEAPWATCH_CA_FILE", metavar="FILE")] = (
        None
    )
    "Authority (PEM) of the server's certificate [else the system's]."
    client_cert: Annotated[
        str | None, Parameter(group="Where", env_var="HEAPWATCH_CLIENT_CERT", metavar="FILE")
    ] = None
    "Certificate (PEM) to show to a server that wants one."
    client_key: Annotated[
        str | None, Parameter(group="Where", env_var="HEAPWATCH_CLIENT_KEY", metavar="FILE")
    ] = None
    "Its private key [else in the same file]."

    def client(self) -> Client:
        """A connection to the server that was named."""
        from heapwatch.cli.client import Client

        assert self.server
        return Client(
            ServerOptions(
                self.server, self.token, self.token_file, self.ca_file, self.client_cert, self.client_key
            )
        )

    def settings(self) -> Settings:
        """Of the server whose folder it is."""
        from heapwatch.web.settings import load

        return load({"data": str(self.data) if self.data else None}).settings

    def writable(self) -> Settings:
        """The same; the folder is made, and may be written to."""
        settings = self.settings()
        try:
            settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(f"cannot use the data folder {settings.data}: {error.strerror}") from error
        if not os.access(settings.data, os.W_OK):
            raise UsageError(
                f"the data folder {settings.data} is not yours to change: use --data, --server or sudo"
            )
        return settings


HERE = Where()


@contextmanager
def noted(settings: Settings, what: str, target: str, detail: str = "") -> Iterator[None]:
    """Note a change of the data folder in its audit, also when it fails."""
    from heapwatch.workflow.audit import Audit

    audit = Audit(settings.data)
    try:
        yield
    except HeapwatchError:
        audit.add(_login(), "command line", what, target, "failed", detail)
        raise
    audit.add(_login(), "command line", what, target, "done", detail)


def _login() -> str:
    """Who types: `cli:ann`, or `cli:root for ann` behind sudo."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    behind = os.environ.get("SUDO_USER", "")
    return f"cli:{name}" + (f" for {behind}" if behind else "")
