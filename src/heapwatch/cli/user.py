"""`heapwatch user add|list|passwd|role|signout|remove`"""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote

from cyclopts import App

from heapwatch import human
from heapwatch.cli.keepers import HERE, Where, noted
from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import Column, clean, write
from heapwatch.errors import UsageError

if TYPE_CHECKING:
    from heapwatch.cli.client import Client
    from heapwatch.web.settings import Settings

app = App(
    name="user",
    help="""Add, list and remove users who sign in with a password.

Once there is a user, nobody gets in without signing in or a token. Roles:
viewer (sees everything), operator (acknowledges leaks, too), admin (all of
it, and users and tokens). A password is asked for, or read from standard
input; it never stands on the command line. Without --server the data folder
of this machine is changed, and a server that runs on it takes notice with
the next request.

For example:

    heapwatch user add ann --role admin
    heapwatch user passwd ann < password.txt
    heapwatch user list
""",
)

Role = Literal["viewer", "operator", "admin"]


class Keeper(Protocol):
    """Who keeps users: a file of this machine, or a server."""

    def add(self, name: str, role: Role, password: str) -> None: ...
    def all(self) -> list[dict[str, Any]]: ...
    def passwd(self, name: str, password: str) -> None: ...
    def role(self, name: str, role: Role) -> None: ...
    def sign_out(self, name: str) -> int: ...
    def remove(self, name: str) -> None: ...


@app.command
def add(name: str, /, *, role: Role = "viewer", where: Where = HERE) -> int:
    """Add a user; asks for the password, or reads it from standard input.

    For example:

        heapwatch user add ann --role admin
        pass heapwatch/ann | heapwatch user add ann --role operator

    Parameters
    ----------
    name
        By which they sign in.
    role
        What they may do: viewer, operator or admin.
    """
    keeper = _keeper(where)
    keeper.add(name, role, _password())
    print(f"user {clean(name)!r} is {role}")
    return 0


@app.command(name="list")
def list_(*, output: TableOutput = TABLE, where: Where = HERE) -> int:
    """List all users; passwords are not kept.

    People of an OpenID provider are listed while they are signed in.

    For example:

        heapwatch user list
        heapwatch user list --server https://heapwatch.example --json
    """
    columns = [
        Column("name", "NAME", elastic=True),
        Column("role", "ROLE"),
        Column("source", "SOURCE", rank=3),
        Column("created", "CREATED", human.moment, rank=2),
        Column("changed", "CHANGED", human.moment, rank=1),
        Column("last_signin", "LAST SIGN-IN", human.moment),
    ]
    users = _keeper(where).all()
    write(columns, users, output.kind, users, foot=[] if users else ["no user with a password"])
    return 0


@app.command
def passwd(name: str, /, *, where: Where = HERE) -> int:
    """Set a password; all sessions of the user end.

    For example:

        heapwatch user passwd ann

    Parameters
    ----------
    name
        The user.
    """
    keeper = _keeper(where)
    keeper.passwd(name, _password())
    print(f"user {clean(name)!r} has a new password; their sessions have ended")
    return 0


@app.command
def role(name: str, role: Role, /, *, where: Where = HERE) -> int:
    """Set a role; all sessions of the user end.

    For example:

        heapwatch user role ann operator

    Parameters
    ----------
    name
        The user.
    role
        What they may do from now on: viewer, operator or admin.
    """
    _keeper(where).role(name, role)
    print(f"user {clean(name)!r} is {role}; their sessions have ended")
    return 0


@app.command
def signout(name: str, /, *, where: Where = HERE) -> int:
    """End all sessions of somebody, in every browser; they may sign in again.

    For example:

        heapwatch user signout ann

    Parameters
    ----------
    name
        The user, or somebody whom an OpenID provider let in.
    """
    ended = _keeper(where).sign_out(name)
    print(f"{clean(name)!r} was signed in {ended} time{'' if ended == 1 else 's'}, and is no more")
    return 0


@app.command
def remove(name: str, /, *, where: Where = HERE) -> int:
    """Remove a user; all sessions of the user end.

    For example:

        heapwatch user remove ann

    Parameters
    ----------
    name
        The user.
    """
    _keeper(where).remove(name)
    print(f"user {clean(name)!r} is removed; their sessions have ended")
    return 0


class _File:
    """The users of a data folder."""

    def __init__(self, settings: Settings) -> None:
        from heapwatch.web.auth import Users

        self._settings = settings
        self._users = Users(settings.data / "users.json")

    def add(self, name: str, role: Role, password: str) -> None:
        with noted(self._settings, "user.add", name, role):
            self._users.add(name, role, password)

    def all(self) -> list[dict[str, Any]]:
        from heapwatch.web.access import Access
        from heapwatch.web.people import people

        return people(Access(self._settings))

    def passwd(self, name: str, password: str) -> None:
        with noted(self._settings, "user.password", name):
            self._users.set_password(name, password)

    def role(self, name: str, role: Role) -> None:
        with noted(self._settings, "user.role", name, role):
            self._users.set_role(name, role)

    def sign_out(self, name: str) -> int:
        from heapwatch.web.access import Access

        sessions = Access(self._settings).sessions
        with noted(self._settings, "user.signout", name):
            known = self._users.find(name)
            ended = sessions.end_all(known.name if known else name)
            if not ended and known is None:
                raise UsageError(f"nobody named {name!r} is signed in, and there is no such user")
        return ended

    def remove(self, name: str) -> None:
        with noted(self._settings, "user.remove", name):
            self._users.remove(name)


class _Server:
    """The users of a running server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def add(self, name: str, role: Role, password: str) -> None:
        self._client.post("/api/v1/users", {"name": name, "role": role, "password": password})

    def all(self) -> list[dict[str, Any]]:
        return list(self._client.get("/api/v1/users")["users"])

    def passwd(self, name: str, password: str) -> None:
        self._client.put(f"{_address(name)}/password", {"password": password})

    def role(self, name: str, role: Role) -> None:
        self._client.put(f"{_address(name)}/role", {"role": role})

    def sign_out(self, name: str) -> int:
        return int(self._client.delete(f"{_address(name)}/sessions")["ended"])

    def remove(self, name: str) -> None:
        self._client.delete(_address(name))


def _address(name: str) -> str:
    return f"/api/v1/users/{quote(name, '')}"


def _keeper(where: Where) -> Keeper:
    return _Server(where.client()) if where.server else _File(where.writable())


def _password() -> str:
    """From the terminal, twice, or the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Once more: "):
        raise UsageError("the two passwords differ; nothing was changed")
    return password
