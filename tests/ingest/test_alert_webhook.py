"""Webhooks of alerts: a real one as it came, and whatever else may come."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import Unreadable
from heapwatch.ingest.alert_webhook import events
from heapwatch.model import Event

RECORDED = (Path(__file__).parent / "recorded" / "alertmanager-0.25.json").read_bytes()
NOW = 1_795_990_000_000


def read(body: bytes) -> list[Event] | None:
    try:
        return events(body, NOW)
    except Unreadable:
        return None


def test_what_alertmanager_sent_is_two_events() -> None:
    told = json.loads(RECORDED)
    found = events(RECORDED, NOW)
    assert len(found) == len(told["alerts"]) == 2
    assert [each.labels["status"] for each in found] == ["firing", "resolved"]
    assert [each.labels["host"] for each in found] == ["web1", "web2"]
    assert found[0].text == "HeapEnds firing: shop on web1 ends"


@given(st.integers(0, len(RECORDED)), st.binary(max_size=6))
def test_a_mutilated_webhook_is_refused_or_read(place: int, instead: bytes) -> None:
    for body in (RECORDED[:place], RECORDED[:place] + instead + RECORDED[place + len(instead) :]):
        found = read(body)
        assert found is None or all(each.kind == "alert" and each.time <= NOW for each in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(st.sampled_from(["alerts", "labels", "status", "startsAt", "endsAt"]), each)
        ),
    )
)
def test_any_json_is_refused_or_read(body: object) -> None:
    found = read(json.dumps(body).encode())
    assert found is None or isinstance(found, list)
