"""The shapes of what the API says about tokens, users, sign-in and the audit. Times are epoch ms."""

from __future__ import annotations

from pydantic import Field, SecretStr

from heapwatch.web.answers import Model


class Who(Model):
    name: str
    scopes: list[str]
    open: bool = Field(description="nobody is known, so everybody on this machine may do everything")
    kind: str = Field(description="anybody, token, user or oidc")
    role: str = Field(description="viewer, operator or admin; empty for tokens")
    csrf: str = Field(description="for the header X-CSRF-Token of changes by a session; empty for others")


class SignInWays(Model):
    password: bool = Field(description="there are users with passwords")
    oidc: str = Field(description="what the OpenID provider is called; empty = none")
    token: bool = Field(description="there are tokens")


class NewLogin(Model):
    name: str
    password: SecretStr


class OwnPassword(Model):
    password: SecretStr = Field(description="the one until now")
    new_password: SecretStr


class SignedOut(Model):
    signed_out: bool


class TokenRow(Model):
    id: str
    name: str
    scopes: list[str]
    created: int
    expires: int | None
    last_used: int | None
    hosts: list[str] = Field(description="patterns of the hosts it may send for; none = all")


class TokenList(Model):
    tokens: list[TokenRow]


class NewToken(Model):
    name: str = Field(description="whose it is")
    scopes: list[str] = Field(description="ingest, read, act, admin")
    expires: str | int | None = Field(None, description="when it ends, for example now+90d; never if absent")
    hosts: list[str] = Field([], description="patterns such as web-*: it may send for no other host")


class Rotation(Model):
    expires: str | int | None = Field(None, description="a new end; the old one stays if absent")


class MadeToken(TokenRow):
    token: str = Field(description="the secret; it is shown only here")


class Revoked(Model):
    revoked: str


class UserRow(Model):
    name: str
    role: str = Field(description="viewer, operator or admin")
    source: str = Field(description="password, or oidc: an OpenID provider keeps them")
    created: int | None = Field(description="null for people of a provider")
    changed: int | None = Field(description="when password or role changed last")
    last_signin: int | None


class ListedUser(UserRow):
    sessions: int = Field(description="in how many browsers they are signed in")


class UserList(Model):
    users: list[ListedUser]
    password_least: int = Field(description="so many characters a password has at least")
    password_most: int = Field(description="so many characters a password has at most")


class NewUser(Model):
    name: str
    role: str = Field("viewer", description="viewer, operator or admin")
    password: SecretStr


class NewPassword(Model):
    password: SecretStr


class NewRole(Model):
    role: str = Field(description="viewer, operator or admin")


class Ended(Model):
    ended: int


class RemovedUser(Model):
    removed: str


class AuditEntry(Model):
    n: int
    time: int
    who: str = Field(
        description="user:ann, oidc:ann, token:web1, anybody, cli:root for the command line, or signal"
    )
    from_: str = Field(alias="from", description="address, `command line` or SIGHUP")
    what: str
    target: str
    outcome: str = Field(description="done, refused or failed")
    detail: str
    before: str = Field(description="SHA-256 of the line before")


class AuditEntries(Model):
    entries: list[AuditEntry] = Field(description="newest first")
    more: int | None = Field(description="give it as `before` for the next ones; null = there are no more")
