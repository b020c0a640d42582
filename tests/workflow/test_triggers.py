"""What begins runs, and how many triggers make one: by the clock that is given."""

from __future__ import annotations

import pytest

from heapwatch.monitor import marked
from heapwatch.workflow import admission, definition
from heapwatch.workflow.records import DELAYED, Records
from heapwatch.workflow.triggers import MOST, Listening, collection_failed


def read(on, more=""):
    text = f"workflow: w\non: {on}\n{more}\nsteps: [{{id: a, do: log, with: {{text: x}}}}]"
    return definition.read(marked.parse(text, "w.yml"))


class Eyes:
    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def messages(self, query, from_, to, limit):
        self.asked.append((query, from_, to, limit))
        return self.answer


def messages(*rows):
    return {
        "kind": "messages",
        "order": ["_time", "host", "_text"],
        "columns": {
            "_time": [1] * len(rows),
            "host": [row[0] for row in rows],
            "_text": [row[1] for row in rows],
        },
    }


def test_a_log_is_looked_at_from_where_the_last_look_ended():
    one = read("{log: 'error', look: 30s, delay: 5s}")
    eyes = Eyes(messages(("h2", "later"), ("h1", "OutOfMemoryError")))
    listening = Listening(eyes)
    assert list(listening.look([one], 1_000_000)) == []
    assert list(listening.look([one], 1_029_999)) == []
    assert eyes.asked == []
    fires = list(listening.look([one, read("manual")], 1_030_000))
    assert [(each.labels, each.trigger["text"]) for each in fires] == [
        ({"host": "h1"}, "OutOfMemoryError"),
        ({"host": "h2"}, "later"),
    ]
    list(listening.look([one], 1_060_001))
    assert eyes.asked == [("error", 995_000, 1_025_000, MOST), ("error", 1_025_000, 1_055_001, MOST)]


def test_rows_of_a_table_are_labels():
    answer = {
        "kind": "table",
        "order": ["host", "_count"],
        "columns": {"host": ["h1", None], "_count": [7, 2]},
    }
    listening = Listening(Eyes(answer))
    one = read("{log: '* | count by host'}")
    list(listening.look([one], 0))
    fires = list(listening.look([one], 60_000))
    assert [(each.labels, each.trigger["text"]) for each in fires] == [
        ({}, "_count=2"),
        ({"host": "h1"}, "host=h1 _count=7"),
    ]


def test_a_host_that_failed_begins_what_waits_for_it():
    row = {"host": "h1", "outcome": "unreachable", "why": "connection refused", "failed": True}
    one = read("collection_failed")
    fires = list(collection_failed([read("manual"), one], row, 5))
    assert [(each.workflow, each.labels, each.trigger["text"]) for each in fires] == [
        (one, {"host": "h1", "outcome": "unreachable"}, "unreachable: connection refused")
    ]


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ([0, 100_000, 300_000], "2 of 3 triggers within 300 s for host=h1"),
        ([1, 100_000, 300_000], ""),
        ([300_000], "1 of 3 triggers within 300 s for host=h1"),
    ],
)
def test_triggers_count_while_they_are_young(times, told):
    one = read("manual", "throttle: {at_least: {count: 3, within: 5m}, by: [host]}")
    assert admission.too_few(one, {"host": "h1"}, times, 300_000) == told


def test_triggers_are_kept_over_a_restart_and_no_longer_than_they_count(tmp_path):
    for now, found in ((1000, [1000]), (2000, [1000, 2000]), (6001, [2000, 6001])):
        kept = Records(tmp_path / "runs.db")
        assert kept.heard("w", "k", now, 5000) == found
        assert kept.heard("w", "other", now, 5000)[-1] == now
        kept.close()


def test_a_delayed_run_is_for_those_of_its_labels():
    written = {"workflow": "w", "on": "manual", "steps": [{"id": "a", "do": "log", "with": {"text": "x"}}]}
    written["throttle"] = {"once_after": "1m", "by": ["host"]}
    one = definition.Workflow.model_validate(written)
    row = {
        "workflow": "w",
        "state": DELAYED,
        "labels": {"host": "h1", "jvm": "a"},
        "began": 500,
        "definition": written,
    }
    assert admission.joins(one, {"host": "h1", "jvm": "b"}, [row]) is row
    assert admission.joins(one, {"host": "h2"}, [row]) is None
    assert admission.joins(one, {"host": "h1"}, [{**row, "state": "running"}]) is None
    assert admission.due(row) == 60_500
