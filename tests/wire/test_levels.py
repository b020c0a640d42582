"""How bad a message says it is, whatever the logging library calls it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.wire.levels import LEVELS, level_of, named_level, severity_level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2026-11-22 10:00:00,123 WARN  [main] c.s.Shop - slow", "warn"),
        ("10:00:00.123 [main] ERROR c.s.Shop - no", "error"),
        ("[2026-11-22T10:00:00.123+0000][1.2s][info   ][gc] GC(0) Pause Young", "info"),
        ("Nov 22, 2026 10:00:00 AM com.shop.Main main SEVERE: no", "error"),
        ("INFO: started", "info"),
        ("FINEST: x", "trace"),
        ("Warning: option is deprecated", "warn"),
        ('level=warning msg="slow"', "warn"),
        ('{"level": "fatal", "msg": "gone"}', "fatal"),
        ("[DEBUG] x", "debug"),
        ("an error occurred", ""),
        ("10.0.0.1 GET /ERROR/x", ""),
        ("java.lang.Error: no", ""),
        ("com.shop.INFO x", ""),
        ("nothing\nERROR on the second line", ""),
        ("x" * 200 + " ERROR", ""),
        ("", ""),
    ],
)
def test_a_level_is_found_where_levels_stand(text: str, level: str) -> None:
    assert level_of(text) == level


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("Warning", "warn"),
        (" ERROR ", "error"),
        (30, "info"),
        ("50", "error"),
        (35.5, "info"),
        (True, ""),
        ("?", ""),
    ],
)
def test_a_field_holds_a_level_by_name_or_number(word: object, level: str) -> None:
    assert named_level(word) == level


def test_syslogs_severities_have_levels_from_worst_to_least() -> None:
    order = [LEVELS.index(severity_level(severity)) for severity in range(8)]
    assert order == sorted(order)
    assert (severity_level(3), severity_level(4), severity_level(6)) == ("error", "warn", "info")


@given(st.text(max_size=200))
def test_every_text_has_one_of_our_levels_or_none(text: str) -> None:
    assert level_of(text) in (*LEVELS, "")
