"""Findings on /metrics, and the rules that we ship for them, by the real promtool."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import histograms
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from servers import Server
from simulated import Program, leaking

from heapwatch.cli.recordings import snapshots
from heapwatch.model import Batch, Event, JvmId
from heapwatch.wire.batch import encode

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"
ORDER = "com.shop.Order"
Figures = dict[str, dict[tuple[tuple[str, str], ...], float]]


def figures(server: Server) -> Figures:
    """What /metrics shows: values by labels, by name."""
    text = server.http.get("/metrics").raise_for_status().text
    found: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def send(server: Server, batch: Batch) -> None:
    server.http.post("/api/v1/batch", content=encode(batch)).raise_for_status()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Server]:
    """Shows two classes of each JVM, and what leaks."""
    with Server(tmp_path / "data", findings_in_metrics=2, leaks_every=1) as running:
        yield running


@pytest.mark.store
def test_without_asking_nothing_of_findings_is_shown(server: Server) -> None:
    send(server, Batch("agent", 1, [histograms.snapshot(histograms.now())]))
    shown = figures(server)
    assert "heapwatch_info" in shown
    assert not [name for name in shown if name.startswith(("heapwatch_class", "heapwatch_leak"))]


@pytest.mark.store
def test_the_largest_classes_of_each_jvm_that_lives_are_shown(told: Server) -> None:
    now = histograms.now()
    send(
        told, Batch("one", 1, [histograms.snapshot(now, host="web1"), histograms.snapshot(now, host="web2")])
    )
    gone = histograms.snapshot(now, host="web3")
    labels = {name: str(value) for name, value in gone.jvm._asdict().items()}
    send(told, Batch("two", 1, [gone], events=[Event(now + 1, "exit", labels)]))
    send(told, Batch("three", 1, [histograms.snapshot(now - 3_600_000, host="web4")]))
    shown = figures(told)
    named = {(dict(labels)["host"], dict(labels)["class"]) for labels in shown["heapwatch_class_bytes"]}
    assert named == {(host, name) for host in ("web1", "web2") for name in ("byte[]", "java.lang.String")}
    size = {(dict(labels)["class"]): value for labels, value in shown["heapwatch_class_bytes"].items()}
    assert size == {"byte[]": 96_000, "java.lang.String": 21_600}
    assert set(shown["heapwatch_class_instances"]) == set(shown["heapwatch_class_bytes"])
    assert shown["heapwatch_class_jvms_left_out"] == {(): 0}


@pytest.mark.store
def test_a_leak_is_shown_with_its_growth_until_somebody_has_seen_it(told: Server) -> None:
    seconds = 160
    began = int(time.time() * 1000) - seconds * 1000
    who = JvmId("web1", "shop", 100, began)
    program = Program(seconds=seconds, host="web1", populations={ORDER: leaking(40)})
    send(told, Batch("agent", 1, list(snapshots(program.run(), who, {}))))
    shown: Figures = {}
    for _ in range(600):
        shown = figures(told)
        if shown.get("heapwatch_leak_bytes_per_hour"):
            break
        time.sleep(0.1)
    [found] = told.http.get("/api/v1/leaks").json()["leaks"]
    [(labels, per_hour)] = shown["heapwatch_leak_bytes_per_hour"].items()
    expected = {"leak": found["id"], "service": found["service"], "class": ORDER, "acknowledged": "no"}
    expected |= {"host": "web1", "jvm": "shop", "pid": "100", "state": found["state"]}
    assert dict(labels) == expected
    assert per_hour > 0
    assert shown["heapwatch_leaks"][(("state", found["state"]),)] == 1
    for labels, left in shown.get("heapwatch_leak_exhaustion_seconds", {}).items():
        assert dict(labels)["resource"]
        assert left >= 0
    told.http.post(f"/api/v1/leaks/{found['id']}/acknowledge", json={"by": "me"}).raise_for_status()
    seen = {dict(labels)["acknowledged"] for labels in figures(told)["heapwatch_leak_bytes_per_hour"]}
    assert seen == {"yes"}


def test_the_rules_are_right_and_fire_when_they_should(needs: Callable[[str], str]) -> None:
    promtool = needs("promtool")
    for words in (["check", "rules", "heapwatch.rules.yml"], ["test", "rules", "heapwatch.test.yml"]):
        done = subprocess.run(
            [promtool, *words], cwd=RULES, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.store
def test_the_rules_ask_for_figures_that_there_are(told: Server) -> None:
    send(told, Batch("agent", 1, [histograms.snapshot(histograms.now())]))
    text = told.http.get("/metrics").text
    rules = yaml.safe_load((RULES / "heapwatch.rules.yml").read_text())
    names = {
        name
        for group in rules["groups"]
        for rule in group["rules"]
        for name in re.findall(r"\bheapwatch_\w+", rule["expr"])
    }
    described = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    assert names <= described | {f"{name}_total" for name in described}
