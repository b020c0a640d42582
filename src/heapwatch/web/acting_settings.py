"""The settings of what watches, and of what acts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class ActingSettings(BaseSettings):
    """A part of `Settings`."""

    monitors: Path | None = Field(None, description="YAML file of monitors, or a folder of such files")
    workflows: Path | None = Field(None, description="YAML file of workflows, or a folder of such files")
    inventory: Path | None = Field(
        None, description="hosts that workflows reach by SSH: our own TOML or YAML, or an Ansible inventory"
    )
    workflows_dsn: SecretStr | None = Field(
        None,
        description="URL of a Postgres that keeps what runs remember; a file in the data folder, if absent",
    )
    destructive: Literal["dry_run", "approval", "allowed"] = Field(
        "approval",
        description="what workflows may do at most where it is destructive: say it, do it after a yes, do it",
    )

    run_days: int = Field(90, ge=0, description="days that ended runs of workflows are kept; 0 = for ever")
    max_runs: int = Field(
        10_000, ge=0, description="newest runs of workflows that are kept; 0 = no limit but run_days"
    )
    workflows_patience: float = Field(
        5.0,
        ge=0,
        description="seconds that the end of the server waits for steps that may not be done twice",
    )

    @field_validator("monitors", "workflows", "inventory")
    @classmethod
    def _absolute_path(cls, value: Path | None) -> Path | None:
        return value if value is None else Path(os.path.abspath(value.expanduser()))
