"""ps, histo, diff, watch and top --batch on real JVMs, as a user runs them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import VERSION, Run
from heapwatch.jvm.histogram import parse
from heapwatch.wire.graphite import parse_lines
from jvms.fixtures import Program, Start, home_of

pytestmark = pytest.mark.jvm

NODE = "Lab$Node"


def listed(heapwatch: Run, pid: int, *more: str) -> dict[str, Any]:
    rows = [row for row in json.loads(heapwatch("ps", "--json", *more).stdout) if row["pid"] == pid]
    assert rows, f"{pid} is not listed"
    return dict(rows[0])


def classes_of(heapwatch: Run, *words: str) -> dict[str, dict[str, Any]]:
    answer = heapwatch("histo", *words, "--top", "0", "--json")
    assert answer.returncode == 0, answer.stderr
    return {row["class"]: row for row in json.loads(answer.stdout)["classes"]}


def test_ps_shows_a_jvm_with_its_heap_collector_and_version(heapwatch: Run, lab: Program) -> None:
    row = listed(heapwatch, lab.pid)
    assert (row["name"], row["collector"], row["java"]) == ("cli-lab", "Serial", VERSION)
    assert 0 < row["heap_used"] < row["heap_max"] <= 64 << 20
    assert row["attachable"] is True
    shown = heapwatch("ps", str(lab.pid)).stdout.splitlines()
    assert shown[0].split()[:2] == ["PID", "NAME"]
    assert shown[1].split()[:2] == [str(lab.pid), "cli-lab"]
    assert max(map(len, shown)) <= 80


def test_ps_with_a_window_tells_growth_and_load(heapwatch: Run, lab: Program) -> None:
    row = listed(heapwatch, lab.pid, "--for", "100ms")
    assert row["growth_per_min"] is not None
    assert row["gc_load"] >= 0


def test_ps_says_why_a_jvm_cannot_be_asked(heapwatch: Run, java: Start) -> None:
    closed = java(home_of(VERSION), "Lab", "-XX:+DisableAttachMechanism")
    row = listed(heapwatch, closed.pid)
    assert row["attachable"] is False
    assert "attach is disabled" in row["why_not"]
    shown = heapwatch("ps", str(closed.pid)).stdout
    assert f"{closed.pid}: attach is disabled in JVM {closed.pid} (-XX:+DisableAttachMechanism)" in shown


def test_ps_without_any_jvm_that_fits_says_so(heapwatch: Run) -> None:
    answer = heapwatch("ps", "no-such-jvm-anywhere")
    assert answer.stdout == "no JVM here has 'no-such-jvm-anywhere' in its name or command\n"
    assert heapwatch("ps", "no-such-jvm-anywhere", "--json").stdout == "[]\n"


def test_histo_counts_every_object(heapwatch: Run, lab: Program) -> None:
    lab.tell("hold 5000")
    assert classes_of(heapwatch, str(lab.pid))[NODE]["instances"] == 5000


@pytest.mark.parametrize("version", ["11.0.2", "25.0.2"])
def test_histo_reads_the_oldest_and_the_newest_jdk(heapwatch: Run, java: Start, version: str) -> None:
    program = java(home_of(version), "Lab")
    program.tell("hold 300")
    assert classes_of(heapwatch, str(program.pid))[NODE]["instances"] == 300


def test_histo_prints_a_table_that_fits_and_says_what_it_cost(heapwatch: Run, lab: Program) -> None:
    shown = heapwatch("histo", str(lab.pid), "--top", "5").stdout.splitlines()
    assert shown[0].startswith(f"cli-lab ({lab.pid})  ")
    assert " stopped for " in shown[1]
    assert shown[3].split() == ["INSTANCES", "BYTES", "SHARE", "CLASS", "MODULE"]
    assert [line.split()[0] for line in shown[4:9]] == ["1", "2", "3", "4", "5"]
    assert shown[-1].startswith("and ")
    assert max(map(len, shown)) <= 80


def test_histo_as_text_is_what_jmap_prints(heapwatch: Run, lab: Program) -> None:
    text = heapwatch("histo", str(lab.pid), "-o", "raw").stdout
    found = parse(text)
    assert found.total_instances > 1000
    assert "[B (java.base)" in text


def test_histo_as_csv_has_exact_numbers(heapwatch: Run, lab: Program) -> None:
    text = heapwatch("histo", str(lab.pid), "-o", "csv", "--filter", "java.lang.*", "--sort", "class").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows == sorted(rows, key=lambda row: row["class"])
    assert all(row["class"].startswith("java.lang.") and int(row["bytes"]) > 0 for row in rows)


def test_histo_refuses_a_stop_that_is_too_long_until_it_is_allowed(heapwatch: Run, lab: Program) -> None:
    refused = heapwatch("histo", str(lab.pid), "--max-pause", "0.001")
    assert refused.returncode == 2
    assert "say --allow-pause if it may" in refused.stderr
    assert heapwatch("histo", str(lab.pid), "--max-pause", "0.001", "--allow-pause").returncode == 0


def test_live_warns_of_the_collection_it_forces(heapwatch: Run, lab: Program) -> None:
    answer = heapwatch("histo", str(lab.pid), "--live", "--json")
    assert "forces a full collection of cli-lab" in answer.stderr
    assert json.loads(answer.stdout)["mode"] == "live"
    refused = heapwatch("histo", str(lab.pid), "--live", "--max-pause", "0.001")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "say --yes if it may" in refused.stderr
    assert heapwatch("histo", str(lab.pid), "--live", "--max-pause", "0.001", "--yes").returncode == 0


def test_a_jvm_that_is_not_there_is_one_line_with_those_that_are(heapwatch: Run, lab: Program) -> None:
    answer = heapwatch("histo", "cli-nothing")
    assert answer.returncode == 2
    assert answer.stderr.startswith("heapwatch: no JVM here is called 'cli-nothing'; there are ")
    assert answer.stderr.count("\n") == 1


def test_a_stopped_jvm_is_not_waited_for(heapwatch: Run, lab: Program) -> None:
    os.kill(lab.pid, signal.SIGSTOP)
    try:
        answer = heapwatch("histo", str(lab.pid))
        assert "is stopped" in heapwatch("ps", str(lab.pid)).stdout
    finally:
        os.kill(lab.pid, signal.SIGCONT)
    assert answer.returncode == 2
    assert "is stopped (SIGSTOP or a debugger)" in answer.stderr


def test_diff_of_two_files_shows_exactly_what_came(heapwatch: Run, lab: Program, tmp_path: Path) -> None:
    for name in ("before.txt", "after.txt"):
        (tmp_path / name).write_text(heapwatch("histo", str(lab.pid), "-o", "raw").stdout)
        lab.tell("hold 7000")
    files = [str(tmp_path / "before.txt"), str(tmp_path / "after.txt")]
    answer = json.loads(heapwatch("diff", *files, "--json", "--filter", NODE).stdout)
    row = answer["classes"][0]
    assert (row["class"], row["delta_instances"]) == (NODE, 7000)
    assert row["delta_bytes"] == 7000 * 16
    shown = heapwatch("diff", *files, "--filter", NODE).stdout.splitlines()
    assert shown[0].startswith("before.txt → after.txt: ")
    assert shown[3].split() == ["+109", "KiB", "+7,000", "109", "KiB", "7,000", NODE]


def test_diff_of_a_running_jvm_waits_between_two_histograms(heapwatch: Run, lab: Program) -> None:
    answer = heapwatch("diff", str(lab.pid), "--for", "100ms", "--json")
    document = json.loads(answer.stdout)
    assert document["after"]["time"] - document["before"]["time"] >= 100


def test_watch_prints_lines_that_graphite_takes_without_exception(heapwatch: Run, lab: Program) -> None:
    lab.tell("odd")
    text = heapwatch("watch", str(lab.pid), "-n", "2", "--every", "50ms", "--budget", "100").stdout
    lines = parse_lines(text.encode(), 0)
    assert len(lines) == text.count("\n") > 400
    assert len(set(lines.paths)) == len(lines.paths) / 2


def test_watch_sends_to_a_graphite_that_listens(heapwatch: Run, lab: Program) -> None:
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as carbon:

        def take() -> None:
            connection, _ = carbon.accept()
            with connection:
                while piece := connection.recv(65536):
                    received.extend(piece)

        reader = threading.Thread(target=take)
        reader.start()
        port = carbon.getsockname()[1]
        answer = heapwatch("watch", str(lab.pid), "-n", "1", "--to", f"127.0.0.1:{port}", "--host", "web 1")
        reader.join(timeout=30)
    assert answer.returncode == 0, answer.stderr
    assert received.startswith(b"web%201.count.")
    assert received.endswith(b"\n")


def test_watch_as_jsonl_can_be_imported(heapwatch: Run, lab: Program) -> None:
    text = heapwatch("watch", str(lab.pid), "-n", "1", "-o", "jsonl").stdout
    answer = heapwatch("import", "-", "--dry-run", "--json", stdin=text)
    (row,) = json.loads(answer.stdout)
    assert (row["jvm"], row["pid"]) == ("cli-lab", lab.pid)


def test_watch_keeps_the_pause_budget_and_says_so(heapwatch: Run, lab: Program) -> None:
    answer = heapwatch("watch", str(lab.pid), "-n", "3", "--every", "10ms", "--budget", "0.01", "-o", "csv")
    assert "only, to keep the pause budget" in answer.stderr
    assert len({row["time"] for row in csv.DictReader(io.StringIO(answer.stdout))}) == 1


@contextmanager
def leaking(lab: Program) -> Iterator[None]:
    """It leaks, and makes garbage, for as long as this lasts."""
    lab.tell("churn 60")
    ended = threading.Event()

    def leak() -> None:
        while not ended.wait(0.02):
            lab.tell("hold 20")

    thread = threading.Thread(target=leak)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_watch_says_on_stderr_what_seems_to_leak(heapwatch: Run, lab: Program) -> None:
    words = ["--every", "100ms", "-n", "90", "--budget", "100", "-o", "csv"]
    with leaking(lab):
        answer = heapwatch("watch", str(lab.pid), *words)
    assert re.search(
        rf"heapwatch: {lab.pid}: Lab\$Node seems to leak: [\d,]+ objects/s since ", answer.stderr
    )


def test_top_tells_in_plain_text_what_seems_to_leak(heapwatch: Run, lab: Program) -> None:
    words = ["--interval", "100ms", "--batch", "90", "--budget", "100", "--sort", "instances"]
    with leaking(lab):
        answer = heapwatch("top", str(lab.pid), *words)
    assert "! Lab$Node seems to leak: " in answer.stdout
    assert re.search(r" ! Lab\$Node$", answer.stdout, re.MULTILINE)


def test_watch_of_nothing_is_an_error(heapwatch: Run) -> None:
    answer = heapwatch("watch", "cli-nothing", "-n", "1")
    assert answer.returncode == 2
    assert "no JVM here is called 'cli-nothing'" in answer.stderr


def test_top_without_a_terminal_prints_screens(heapwatch: Run, lab: Program) -> None:
    lab.tell("hold 2000")
    answer = heapwatch(
        "top", str(lab.pid), "--batch", "2", "--interval", "100ms", "--budget", "100", "--rows", "4"
    )
    assert answer.returncode == 0, answer.stderr
    first, second = answer.stdout.split("\n\ncli-lab")
    assert first.startswith(f"cli-lab ({lab.pid})  Serial {VERSION}")
    assert "stopped for " in second
    assert len(second.splitlines()) == 4 + 1 + 1 + 4
    assert max(map(len, answer.stdout.splitlines())) <= 80


def test_tab_offers_the_jvms_of_this_machine(heapwatch: Run, lab: Program) -> None:
    assert f"cli-lab\tpid {lab.pid} {VERSION}" in heapwatch("__complete", "histo", "").stdout.splitlines()
    assert "cli-lab" in heapwatch("__complete", "top", "cli").stdout


def test_ps_works_on_a_terminal_that_knows_no_colours_and_no_unicode(heapwatch: Run, lab: Program) -> None:
    answer = heapwatch("ps", str(lab.pid), NO_COLOR="1", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert answer.returncode == 0
    assert "\x1b" not in answer.stdout
