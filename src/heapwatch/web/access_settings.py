"""The settings of who may come in: sessions, rates, and an OpenID provider."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from heapwatch.errors import UsageError
from heapwatch.web.auth.rights import checked_role


class AccessSettings(BaseSettings):
    """A part of `Settings`."""

    public_url: str = Field(
        "", description="address by which browsers reach the server, such as https://heapwatch.example"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="networks of proxies whose X-Forwarded-For says who asks, for example 10.0.0.2"
    )
    session_idle_hours: float = Field(12.0, gt=0, description="hours after which an unused session ends")
    session_hours: float = Field(168.0, gt=0, description="hours after which each session ends")
    read_rate: float = Field(200.0, ge=0, description="questions a second of one caller; 0 = all")
    read_burst: float = Field(2000.0, ge=1, description="questions that may come at once beyond the rate")

    oidc_issuer: str = Field("", description="OpenID provider whose users may sign in, by its issuer's URL")
    oidc_client_id: str = Field("", description="how the provider knows this server")
    oidc_client_secret: SecretStr | None = Field(None, description="secret of the client, if it has one")
    oidc_name: str = Field("single sign-on", description="what the sign-in page calls the provider")
    oidc_scopes: Annotated[tuple[str, ...], NoDecode] = Field(
        ("openid", "profile", "email"), description="scopes that the provider is asked for"
    )
    oidc_groups_claim: str = Field("groups", description="claim that holds a user's groups; a.b goes deeper")
    oidc_roles: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="roles by group: heap-admins=admin, ops=operator; * = everybody who signs in"
    )
    oidc_ca: Path | None = Field(None, description="authority (PEM) of the provider's certificate")

    @field_validator("oidc_scopes", "trusted_proxies", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return tuple(re.findall(r"[^,\s]+", value)) if isinstance(value, str) else value

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return tuple(f"{group}={role}" for group, role in value.items())
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("oidc_roles")
    @classmethod
    def _known_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            group, equals, role = pair.rpartition("=")
            if not equals or not group.strip():
                raise ValueError(f"{pair!r}: write group=role")
            try:
                checked_role(role.strip())
            except UsageError as error:
                raise ValueError(f"{pair!r}: {error}") from error
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("public_url", "oidc_issuer")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
            raise ValueError(f"{value!r} is not the address of a server, such as https://heapwatch.example")
        return value

    @model_validator(mode="after")
    def _openid(self) -> AccessSettings:
        if not self.oidc_issuer:
            return self
        if not self.oidc_client_id or not self.public_url or not self.oidc_roles:
            raise ValueError(
                "oidc_issuer needs oidc_client_id, oidc_roles and public_url (the provider sends back there)"
            )
        if "openid" not in self.oidc_scopes:
            raise ValueError("oidc_scopes: openid must be among them")
        parts = urlsplit(self.oidc_issuer)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("oidc_issuer: beyond this machine it begins with https://")
        return self

    @property
    def roles_by_group(self) -> dict[str, str]:
        pairs = (pair.rpartition("=") for pair in self.oidc_roles)
        return {group.strip(): role.strip() for group, _, role in pairs}
