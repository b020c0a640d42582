"""The settings of what watches, and of what acts."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class ActingSettings(BaseSettings):
    """A part of `Settings`."""

    monitors: Path | None = Field(None, description="YAML file of monitors, or a folder of such files")
    workflows: Path | None = Field(None, description="YAML file of workflows, or a folder of such files")
    inventory: Path | None = Field(
        None, description="hosts that workflows reach by SSH: our own TOML or YAML, or an Ansible inventory"
    )

    @field_validator("monitors", "workflows", "inventory")
    @classmethod
    def _absolute_path(cls, value: Path | None) -> Path | None:
        return value if value is None else Path(os.path.abspath(value.expanduser()))
