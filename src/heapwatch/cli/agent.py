"""`heapwatch agent …` is `heapwatch-agent …`."""

from __future__ import annotations

from typing import Sequence


def agent(words: Sequence[str]) -> int:
    """Run or inspect the agent of this machine."""
    from heapwatch.agent.main import command

    return command(words)
