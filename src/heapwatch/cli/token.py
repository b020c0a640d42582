"""`heapwatch token create|list|rotate|revoke`"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol
from urllib.parse import quote

from cyclopts import App, Parameter

from heapwatch import human
from heapwatch.cli.keepers import HERE, Where, noted
from heapwatch.cli.options import TABLE, Seconds, TableOutput
from heapwatch.cli.output import Column, clean, write, write_json
from heapwatch.errors import UsageError

if TYPE_CHECKING:
    from heapwatch.cli.client import Client
    from heapwatch.web.settings import Settings

app = App(
    name="token",
    help="""Make, list, rotate and revoke API tokens.

Once there is a token, nobody gets in without one. Scopes: ingest (agents,
import), read (screens, questions), act (acknowledge leaks, run workflows),
admin (all of it, and tokens and users). Without --server the data folder of
this machine is changed, and a server that runs on it takes notice with the
next request.

For example:

    heapwatch token create web1 --scope ingest --to /etc/heapwatch/agent.token
    heapwatch token list
    heapwatch token rotate web1 --to /etc/heapwatch/agent.token
    heapwatch token revoke web1
""",
)


Scope = Literal["ingest", "read", "act", "admin"]


class Keeper(Protocol):
    """Who keeps tokens: a file of this machine, or a server."""

    def create(
        self, name: str, scopes: list[Scope], expires: int | None, hosts: list[str]
    ) -> dict[str, Any]: ...
    def rotate(self, name: str, expires: int | None) -> dict[str, Any]: ...
    def all(self) -> list[dict[str, Any]]: ...
    def revoke(self, name: str) -> str: ...


@app.command
def create(
    name: str,
    /,
    *,
    scope: Annotated[tuple[Scope, ...], Parameter(alias="-s", negative="")] = ("read",),
    hosts: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    expires: Seconds | None = None,
    to: Path | None = None,
    output: TableOutput = TABLE,
    where: Where = HERE,
) -> int:
    """Make a token and print its secret, this once.

    For example:

        heapwatch token create web --scope ingest --hosts 'web-*'
        heapwatch token create me --scope admin --expires 90d --to ~/.heapwatch.token

    Parameters
    ----------
    name
        Whose it is.
    scope
        What it may do (repeatable).
    hosts
        It may send for hosts that fit this pattern only (repeatable) [else for all].
    expires
        It ends after this time [else never].
    to
        Write the secret into this file (mode 0600) instead of printing it.
    """
    return _tell(_keeper(where).create(name, list(scope), _end(expires), list(hosts)), to, output)


@app.command
def rotate(
    name: str,
    /,
    *,
    expires: Seconds | None = None,
    to: Path | None = None,
    output: TableOutput = TABLE,
    where: Where = HERE,
) -> int:
    """Give a token a new secret; the old one is refused from the next request on.

    For example:

        heapwatch token rotate web1 --to /etc/heapwatch/agent.token

    Parameters
    ----------
    name
        Its name or id.
    expires
        It ends after this time [else when it would have].
    to
        Write the secret into this file (mode 0600) instead of printing it.
    """
    return _tell(_keeper(where).rotate(name, _end(expires)), to, output)


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
        Column("scopes", "SCOPES", ", ".join),
        Column("hosts", "HOSTS", lambda hosts: clean(", ".join(hosts)) or human.NONE, rank=4),
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

    def __init__(self, settings: Settings) -> None:
        from heapwatch.web.auth import Tokens

        self._settings = settings
        self._tokens = Tokens(settings.tokens_file)

    def create(self, name: str, scopes: list[Scope], expires: int | None, hosts: list[str]) -> dict[str, Any]:
        with noted(self._settings, "token.create", name, ", ".join([*scopes, *hosts])):
            secret, token = self._tokens.create(name, list(scopes), expires, hosts)
        return {"token": secret, **token.public()}

    def rotate(self, name: str, expires: int | None) -> dict[str, Any]:
        with noted(self._settings, "token.rotate", name):
            secret, token = self._tokens.rotate(name, expires)
        return {"token": secret, **token.public()}

    def all(self) -> list[dict[str, Any]]:
        return [token.public() for token in self._tokens.all()]

    def revoke(self, name: str) -> str:
        with noted(self._settings, "token.revoke", name):
            return self._tokens.revoke(name).name


class _Server:
    """The tokens of a running server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, name: str, scopes: list[Scope], expires: int | None, hosts: list[str]) -> dict[str, Any]:
        wanted = {"name": name, "scopes": scopes, "expires": expires, "hosts": hosts}
        return dict(self._client.post("/api/v1/tokens", wanted))

    def rotate(self, name: str, expires: int | None) -> dict[str, Any]:
        return dict(self._client.post(f"/api/v1/tokens/{quote(name, '')}/rotate", {"expires": expires}))

    def all(self) -> list[dict[str, Any]]:
        return list(self._client.get("/api/v1/tokens")["tokens"])

    def revoke(self, name: str) -> str:
        return str(self._client.delete(f"/api/v1/tokens/{quote(name, '')}")["revoked"])


def _keeper(where: Where) -> Keeper:
    return _Server(where.client()) if where.server else _File(where.writable())


def _end(expires: float | None) -> int | None:
    return None if expires is None else round((time.time() + expires) * 1000)


def _tell(made: dict[str, Any], to: Path | None, output: TableOutput) -> int:
    if to is not None:
        _write_secret(to, made["token"])
        made["token"] = f"(in {to})"
    if output.kind == "json":
        write_json(made)
        return 0
    print(made["token"])
    told = f"token {clean(made['name'])!r} may {', '.join(made['scopes'])}"
    told += f" for {clean(', '.join(made['hosts']))}" if made["hosts"] else ""
    told += f" until {human.moment(made['expires'])}" if made["expires"] else ""
    print(told + ("" if to else "; its secret is not shown again"), file=sys.stderr)
    return 0


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
