"""Who can be told: addresses that are secrets are named, never written into the file.

receivers:
  - {name: oncall, apprise: {env: ONCALL_URL}}          chat, mail, pagers: any address of Apprise's
  - {name: tickets, webhook: {file: /etc/heapwatch/tickets.url}}
  - {name: alerts, alertmanager: "http://alerts.example:9093"}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from heapwatch.errors import HeapwatchError
from heapwatch.monitor.values import Written

LARGEST = 8192


class NoSecret(HeapwatchError):
    """A reference to something that is not there; the message has the reference, never the secret."""


class Reference(Written):
    """Where a secret is."""

    env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> Reference:
        if (self.env is None) == (self.file is None):
            raise ValueError("give env (a variable of the server's environment) or file")
        return self

    def read(self, environment: Mapping[str, str] = os.environ) -> str:
        """The secret; what is around it is left away."""
        if self.env is not None:
            found = environment.get(self.env, "").strip()
            if not found:
                raise NoSecret(f"the server's environment has no {self.env}")
            return found
        assert self.file is not None
        try:
            with self.file.open("rb") as file:
                found = file.read(LARGEST).decode("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoSecret(f"cannot read {self.file}: {getattr(error, 'strerror', 'not UTF-8')}") from error
        if not found:
            raise NoSecret(f"{self.file} is empty")
        return found

    def __str__(self) -> str:
        return f"${self.env}" if self.env is not None else f"in {self.file}"


def _plain(value: Any) -> Any:
    """An address in the open is one without anything secret in it."""
    if isinstance(value, str):
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{value[:80]!r} is not an address such as http://alerts.example:9093")
        if "@" in parts.netloc or parts.query:
            raise ValueError(
                "an address with a secret in it is not written here: give {env: NAME} or {file: PATH}"
            )
    return value


class Receiver(Written):
    """One who is told, by one way."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
    apprise: Reference | None = None
    webhook: Reference | str | None = None
    alertmanager: Reference | str | None = None

    @field_validator("apprise", mode="before")
    @classmethod
    def _referenced(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError("such an address is a secret: give {env: NAME} or {file: PATH}")
        return value

    @field_validator("webhook", "alertmanager", mode="before")
    @classmethod
    def _open(cls, value: Any) -> Any:
        return _plain(value)

    @model_validator(mode="after")
    def _one_way(self) -> Receiver:
        if sum(each is not None for each in (self.apprise, self.webhook, self.alertmanager)) != 1:
            raise ValueError("give one of apprise, webhook and alertmanager")
        return self

    @property
    def way(self) -> str:
        return "apprise" if self.apprise else "webhook" if self.webhook else "alertmanager"

    @property
    def where(self) -> Reference | str:
        found = self.apprise or self.webhook or self.alertmanager
        assert found is not None
        return found

    def told(self, error: Exception) -> str:
        """What went wrong, without the address where that is a secret."""
        if isinstance(error, HeapwatchError) or isinstance(self.where, str):
            return f"{error or type(error).__name__}"[:300]
        status = getattr(getattr(error, "response", None), "status_code", None)
        return f"{type(error).__name__}{f' {status}' if status else ''} at the address {self.where}"

    def address(self, environment: Mapping[str, str] = os.environ) -> str:
        """Where to; NoSecret when a reference leads nowhere."""
        return self.where if isinstance(self.where, str) else self.where.read(environment)
