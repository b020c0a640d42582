"""`heapwatch token create|list|revoke`"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from cyclopts import App, Parameter

from heapwatch import human
from heapwatch.cli.options import TABLE, Seconds, ServerOptions, TableOutput
from heapwatch.cli.output import Column, clean, write, write_json
from heapwatch.errors import UsageError

if TYPE_CHECKING:
    from heapwatch.web.auth import Tokens

app = App(
    name="token",
    help="""Make, list and revoke API tokens.

Once there is a token, nobody gets in without one. Scopes: ingest (agents,
import), read (screens, questions), admin (all of it, and tokens). Without
--server the data folder of this machine is changed, and a server that runs
on it takes notice with the next request.

For example:

    heapwatch token create web1 --scope ingest --to /etc/heapwatch/agent.token
    heapwatch token list
    heapwatch token revoke web1
""",
)


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """The tokens of which server."""

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


HERE = Where()

Scope = Literal["ingest", "read", "act", "admin"]


class Keeper(Protocol):
    """Who keeps tokens: a file of this machine, or a server."""

    def create(self, name: str, scopes: list[Scope], expires: int | None) -> dict[str, Any]: ...
    def all(self) -> list[dict[str, Any]]: ...
    def revoke(self, name: str) -> str: ...


@app.command
def create(
    name: str,
    /,
    *,
    scope: Annotated[tuple[Scope, ...], Parameter(alias="-s", negative="")] = ("read",),
    expires: Seconds | None = None,
    to: Path | None = None,
    output: TableOutput = TABLE,
    where: Where = HERE,
) -> int:
    """Make a token and print its secret, this once.

    For example:

        heapwatch token create web1 --scope ingest
        heapwatch token create me --scope admin --expires 90d --to ~/.heapwatch.token

    Parameters
    ----------
    name
        Whose it is.
    scope
        What it may do (repeatable).
    expires
        It ends after this time [else never].
    to
        Write the secret into this file (mode 0600) instead of printing it.
    """
    ends = None if expires is None else round((time.time() + expires) * 1000)
    made = _keeper(where).create(name, list(scope), ends)
    if to is not None:
        _write_secret(to, made["token"])
        made["token"] = f"(in {to})"
    if output.kind == "json":
        write_json(made)
        return 0
    print(made["token"])
    told = f"token {clean(name)!r} may {', '.join(made['scopes'])}"
    told += f" until {human.moment(ends)}" if ends else ""
    print(told + ("" if to else "; its secret is not shown again"), file=sys.stderr)
    return 0


@app.command(name="list")
def list_(*, output: TableOutput = TABLE, where: Where = HERE) -> int:
    """List all tokens; secrets are not kept.

    For example:

        heapwatch token list
        heapwatch token list --server https://heapwatch.example --json
    """
    columns = [
        Column("name", "NAME", elastic=True),
        Column("id", "ID"),
        Column("scopes", "SCOPES", lambda scopes: ", ".join(scopes)),
        Column("created", "CREATED", human.moment, rank=2),
        Column("expires", "EXPIRES", human.moment, rank=1),
        Column("last_used", "LAST USED", human.moment, rank=3),
    ]
    tokens = _keeper(where).all()
    write(
        columns, tokens, output.kind, tokens, foot=[] if tokens else ["no token: this machine alone gets in"]
    )
    return 0


@app.command
def revoke(name: str, /, *, where: Where = HERE) -> int:
    """Revoke a token; it is refused from the next request on.

    For example:

        heapwatch token revoke web1

    Parameters
    ----------
    name
        Its name or id.
    """
    print(f"token {clean(_keeper(where).revoke(name))!r} is revoked")
    return 0


class _File:
    """The tokens of a data folder."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def create(self, name: str, scopes: list[Scope], expires: int | None) -> dict[str, Any]:
        secret, token = self._tokens.create(name, list(scopes), expires)
        return {"token": secret, **token.public()}

    def all(self) -> list[dict[str, Any]]:
        return [token.public() for token in self._tokens.all()]

    def revoke(self, name: str) -> str:
        return self._tokens.revoke(name).name


class _Server:
    """The tokens of a running server."""

    def __init__(self, options: ServerOptions) -> None:
        from heapwatch.cli.client import Client

        self._client = Client(options)

    def create(self, name: str, scopes: list[Scope], expires: int | None) -> dict[str, Any]:
        wanted = {"name": name, "scopes": scopes, "expires": expires}
        return dict(self._client.post("/api/v1/tokens", wanted))

    def all(self) -> list[dict[str, Any]]:
        return list(self._client.get("/api/v1/tokens")["tokens"])

    def revoke(self, name: str) -> str:
        return str(self._client.delete(f"/api/v1/tokens/{name}")["revoked"])


def _keeper(where: Where) -> Keeper:
    if where.server:
        return _Server(ServerOptions(where.server, where.token, where.token_file))
    from heapwatch.web.auth import Tokens
    from heapwatch.web.settings import load

    settings = load({"data": str(where.data) if where.data else None}).settings
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"cannot use the data folder {settings.data}: {error.strerror}") from error
    if not os.access(settings.data, os.W_OK):
        raise UsageError(
            f"the data folder {settings.data} is not yours to change: use --data, --server or sudo"
        )
    return _File(Tokens(settings.tokens_file))


def _write_secret(path: Path, secret: str) -> None:
    path = path.expanduser()
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(secret + "\n")
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}; the token has been made, revoke it"
        ) from error
