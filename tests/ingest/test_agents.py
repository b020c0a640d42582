"""What is known of those who send batches."""

from __future__ import annotations

from array import array
from math import nan

from heapwatch.ingest.agents import Agents
from heapwatch.model import Batch, MetricBlock


def batch(sequence: int, *spool: float) -> Batch:
    """One that says this of its spool, once a moment; or nothing."""
    columns = {"heapwatch.spool_bytes": array("d", spool)} if spool else {}
    return Batch(
        "a", sequence, metrics=[MetricBlock({"host": "web1"}, array("q", range(len(spool))), columns)]
    )


def test_what_an_agent_says_of_its_spool_is_kept_until_it_says_more() -> None:
    agents = Agents(clock=lambda: 1.0)
    told = []
    for sequence, spool in enumerate(
        [(), (7.0, 5.0), (), (nan, 3.0, nan), (nan,), (-1.0,), (1e300,), (0.0,)]
    ):
        agents.saw(batch(sequence, *spool), "heapwatch-agent/1.2")
        told += [row["spool_bytes"] for row in agents.rows([])]
    assert told == [None, 5, 5, 3, 3, 3, 3, 0]


def test_agents_of_the_store_have_said_nothing_yet() -> None:
    (row,) = Agents().rows([{"id": "a", "sequence": 4}, {"id": "upload", "sequence": 1}])
    assert (row["id"], row["spool_bytes"], row["spool_batches"]) == ("a", None, None)
