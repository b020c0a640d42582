"""The page on detection names every threshold with its default."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from heapwatch.detect.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/detection.md").read_text()
WORDS = " ".join(PAGE.split())


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_a_threshold_is_documented_with_its_default(name: str) -> None:
    default = getattr(Settings(), name)
    if default == ():
        assert f"`{name}`" in PAGE
    else:
        assert any(f"`{name}` = {value}" in WORDS for value in (default, f"{default:g}"))
