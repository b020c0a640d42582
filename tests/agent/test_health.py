"""What the agent says of itself, to Prometheus and in its journal; and who it is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from heapwatch.agent.health import problems, prometheus
from heapwatch.agent.identity import agent_id
from heapwatch.agent.journal import Journal

REPORT = {
    "version": "1.0",
    "host": 'we"b\\1',
    "uptime_s": 12.5,
    "cpu_ms": 250,
    "rss": 20_000_000,
    "clock_ahead_s": 0.0,
    "batches": 3,
    "put_offs": 1,
    "failures": {"stopped": 2},
    "logs": {"files": 2, "messages": 7, "bytes": 700, "skipped_bytes": 0},
    "spool": {"bytes": 10, "disk_errors": 0, "torn_bytes": 0, "error": "disk is full"},
    "jvms": [
        {
            "name": "shop", "pid": 7, "visits": 4, "pause_ms": 31.5, "pause_share": 0.002, "interval_s": None,
            "failures": 1, "trouble": "JVM 7 is stopped", "suspected": 2,
        }
    ],
    "sinks": [
        {
            "name": "graphite", "sent": 1, "errors": 2, "refused": 0, "dropped": 5, "waiting": 1,
            "waiting_bytes": 90, "error": "",
        }
    ],
}  # fmt: skip


def test_prometheus_understands_every_line() -> None:
    families = {family.name: family for family in text_string_to_metric_families(prometheus(REPORT))}
    assert families["heapwatch_agent_info"].samples[0].labels == {"version": "1.0", "host": 'we"b\\1'}
    (failure,) = families["heapwatch_agent_visit_failures"].samples
    assert (failure.labels, failure.value) == ({"reason": "stopped"}, 2)
    (dropped,) = families["heapwatch_agent_sink_dropped"].samples
    assert (dropped.name, dropped.value) == ("heapwatch_agent_sink_dropped_total", 5)
    assert families["heapwatch_agent_cpu_seconds"].samples[0].value == 0.25
    assert families["heapwatch_agent_jvm_interval_seconds"].samples == [], "not known is not said"
    assert families["heapwatch_agent_jvm_suspects"].samples[0].value == 2
    assert all(family.documentation and family.type in ("counter", "gauge") for family in families.values())


def test_what_an_operator_should_see_is_named() -> None:
    assert problems(REPORT) == ["spool: disk is full", "shop (7): JVM 7 is stopped"]


def test_a_trouble_is_told_once_and_its_end_too() -> None:
    told = io.StringIO()
    journal = Journal(told)
    for _ in range(3):
        journal.warning("no answer", "sink")
    journal.warning("refused", "sink")
    journal.solved("sink", "it works again")
    journal.solved("sink", "it works again")
    lines = [line.split(" ", 1)[1] for line in told.getvalue().splitlines()]
    assert lines == ["warning: no answer", "warning: refused", "it works again"]


def test_a_message_stays_on_its_line_whatever_is_in_it() -> None:
    told = io.StringIO()
    Journal(told).error("two\nlines\r\nof <3>text")
    assert told.getvalue().count("\n") == 1


def test_under_systemd_lines_have_priorities(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    Journal().warning("no answer")
    assert capsys.readouterr().err == "<4>no answer\n"


def test_a_journal_that_nobody_reads_stops_nothing() -> None:
    closed = io.StringIO()
    closed.close()
    Journal(closed).error("no answer")


def test_an_agent_is_the_same_after_a_restart(tmp_path: Path) -> None:
    first = agent_id(tmp_path / "state")
    assert agent_id(tmp_path / "state") == first
    assert agent_id(tmp_path / "other") != first


def test_a_damaged_identity_is_made_anew_and_one_that_cannot_be_kept_is_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "agent-id").write_bytes(b"\xff\x00")
    first = agent_id(tmp_path)
    assert agent_id(tmp_path) == first
    (tmp_path / "file").write_text("in the way")
    assert agent_id(tmp_path / "file") != agent_id(tmp_path / "file")
