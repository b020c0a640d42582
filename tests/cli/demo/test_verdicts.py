"""What the demo says of a leak: short, true of its state, and only when it is news."""

from __future__ import annotations

from typing import Any

import pytest

from heapwatch.cli.demo.verdicts import lines, spoken

LEAK: dict[str, Any] = {
    "class": "memleak.Child",
    "state": "confirmed",
    "scope": "systemic",
    "hosts": ["memleak1", "memleak2", "memleak3"],
    "rate_per_s": 131.2,
    "exhaustion": {"host": "memleak1", "in_s": 180.0},
    "proof": None,
}
PROOF = {"before": {"balance": 0.0}, "after": {"balance": 1.01}}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "memleak.Child leaks (confirmed, systemic, on 3 hosts), 131/s; memleak1 is full in 3m"),
        (
            {"exhaustion": None, "hosts": ["web1"], "scope": "partial"},
            "memleak.Child leaks (confirmed, partial, on 1 host), 131/s",
        ),
        ({"state": "stopped"}, "memleak.Child grows no more (systemic, on 3 hosts); it did, by 131/s"),
        (
            {"state": "fixed", "proof": PROOF},
            "memleak.Child is fixed: balance 0.00 before, 1.01 after",
        ),
    ],
)
def test_a_leak_is_told_in_a_line(more: dict[str, Any], said: str) -> None:
    assert spoken({**LEAK, **more}) == said


def test_the_summary_has_the_sentences_but_of_what_stopped() -> None:
    leaks = [{**LEAK, "sentence": "It leaks."}, {**LEAK, "sentence": "It leaks.", "state": "stopped"}]
    assert lines(leaks) == [
        "Verdict: It leaks.",
        "Verdict: memleak.Child grows no more (systemic, on 3 hosts); it did, by 131/s.",
    ]
