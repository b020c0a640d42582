"""The settings of who is told what leaks."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

Urls = Annotated[tuple[str, ...], NoDecode]


class AlertSettings(BaseSettings):
    """A part of `Settings`."""

    alertmanagers: Urls = Field(
        (), description="Alertmanagers that are told what leaks, such as http://alerts.example:9093"
    )
    alert_webhooks: Urls = Field(
        (), description="addresses that are told what leaks as Alertmanager's webhooks (version 4) tell it"
    )
    alert_suspects: bool = Field(False, description="tell of leaks that are not confirmed, too")
    alert_end_hours: float = Field(
        6.0, ge=0, le=24 * 30, description="hours before a JVM's memory ends within which that is an alert"
    )
    alert_every: float = Field(30.0, ge=1, le=3600, description="seconds between two looks for alerts")
    alert_repeat_hours: float = Field(4.0, gt=0, description="hours after which a webhook hears of it again")

    @field_validator("alertmanagers", "alert_webhooks", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(re.findall(r"[^,\s]+", value)) if isinstance(value, str) else value

    @field_validator("alertmanagers", "alert_webhooks")
    @classmethod
    def _reachable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            parts = urlsplit(each)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{each!r} is not an address such as http://alerts.example:9093")
        return value
