"""What leaks is in the lists of rules and alerts of whoever takes us for a Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from peers import running
from servers import Server
from test_alerts import acknowledge, free_address, leak, until

IN_ORDER = True
pytestmark = pytest.mark.store

RULES = """
groups:
  - name: always
    rules:
      - alert: Fires
        expr: vector(1.5)
        labels: {severity: info}
        annotations: {summary: it does}
      - alert: Rests
        expr: vector(1) > 2
"""
SUSPECTED = "HeapwatchLeakSuspected"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    flags = {"leaks_every": 1, "alert_every": 1, "alert_suspects": True}
    with Server(tmp_path_factory.mktemp("rules") / "data", **flags) as running_:
        yield running_


def data(server: Server, what: str, params: Mapping[str, str] | None = None) -> Any:
    answer = server.http.get(f"/prometheus/api/v1/{what}", params=params)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "success"
    return answer.json()["data"]


def rules(server: Server, params: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    (group,) = data(server, "rules", params)["groups"]
    assert (group["name"], group["interval"]) == ("heapwatch", 1)
    return {rule["name"]: rule for rule in group["rules"]}


def told_alike(server: Server) -> tuple[dict[str, Any], ...] | None:
    """The leak's alert as Prometheus' clients and ours see it, its rule and the leak, of one judgement."""
    told = [
        each
        for each in data(server, "alerts")["alerts"]
        if each["labels"]["alertname"].startswith("HeapwatchLeak")
    ]
    listed = server.http.get("/api/v1/alerts").json()["alerts"]
    (leaks,) = server.http.get("/api/v1/leaks").json()["leaks"]
    found = rules(server)
    for ours in told:
        rule = found[ours["labels"]["alertname"]]
        for same in listed:
            alike = ours["labels"] == same["labels"] and [ours["labels"]] == [
                each["labels"] for each in rule["alerts"]
            ]
            if alike and ours["annotations"]["summary"] == leaks["sentence"]:
                return ours, same, rule, leaks
    return None


def test_nothing_fires_before_anything_leaks_and_then_until_somebody_looks_after_it(server: Server) -> None:
    before = rules(server)
    assert {name: rule["state"] for name, rule in before.items()} == dict.fromkeys(
        ("HeapwatchLeakConfirmed", "HeapwatchHeapEnds", SUSPECTED), "inactive"
    )
    assert data(server, "alerts") == {"alerts": []}
    found = leak(server)
    ours, same, rule, leaks = until(lambda: told_alike(server))
    assert (ours["state"], ours["activeAt"]) == ("firing", same["startsAt"])
    assert ours["annotations"]["link"] == same["generatorURL"]
    assert float(ours["value"]) > 0
    assert leaks["id"] == found["id"]
    assert (rule["state"], rule["type"], rule["health"]) == ("firing", "alerting", "ok")
    assert rule["labels"]["severity"] == ours["labels"]["severity"]
    acknowledge(server, found)
    until(lambda: not data(server, "alerts")["alerts"])
    assert {rule["state"] for rule in rules(server).values()} == {"inactive"}
    acknowledge(server, found, undo=True)


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"type": "alert"}, 3),
        ({"type": "record"}, 0),
        ({"rule_name[]": SUSPECTED}, 1),
        ({"rule_name[]": "Other"}, 0),
        ({"rule_group[]": "heapwatch", "file[]": "heapwatch"}, 3),
        ({"rule_group[]": "other"}, 0),
        ({"file[]": "other.yml"}, 0),
    ],
)
def test_rules_are_chosen_as_at_prometheus(server: Server, params: dict[str, str], names: int) -> None:
    assert sum(len(group["rules"]) for group in data(server, "rules", params)["groups"]) == names


def test_a_type_that_there_is_not_is_refused_as_prometheus_does(server: Server) -> None:
    answer = server.http.get("/prometheus/api/v1/rules", params={"type": "all"})
    assert answer.status_code == 400
    assert answer.json()["errorType"] == "bad_data"
    assert "not supported value 'all'" in answer.json()["error"]


def test_the_expressions_of_rules_can_be_asked_here(server: Server) -> None:
    for rule in rules(server).values():
        data(server, "query", {"query": rule["query"]})


def test_suspects_are_no_rule_where_they_are_not_told(tmp_path: Path) -> None:
    with Server(tmp_path / "data", alert_every=1, alert_end_hours=2) as quiet:
        found = rules(quiet)
        assert list(found) == ["HeapwatchLeakConfirmed", "HeapwatchHeapEnds"]
        assert found["HeapwatchHeapEnds"]["query"].endswith("< 7200")


def shape(value: Any) -> Any:
    """What kind of thing is where, without what differs by its nature: texts of labels and annotations."""
    if isinstance(value, dict):
        return {
            name: dict if name in ("labels", "annotations") else shape(each) for name, each in value.items()
        }
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return float if isinstance(value, int | float) else type(value)


def test_rules_and_alerts_have_the_shape_of_prometheus(
    needs: Callable[[str], str], server: Server, tmp_path: Path
) -> None:
    address = free_address()
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "prometheus.yml").write_text("global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\n")
    command = [
        needs("prometheus"),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'kept'}",
        f"--web.listen-address={address}",
    ]

    def asked(what: str) -> Any:
        try:
            answer = httpx2.get(f"http://{address}/api/v1/{what}", trust_env=False)
        except httpx2.HTTPError:
            return {}
        return answer.json()["data"] if answer.status_code == 200 else {}

    if not data(server, "alerts")["alerts"]:
        leak(server)
    ours = until(lambda: data(server, "alerts")["alerts"])
    (group,) = data(server, "rules")["groups"]
    with running(command, tmp_path / "log"):
        theirs = until(lambda: asked("alerts").get("alerts"))
        (their_group,) = asked("rules")["groups"]
    assert shape(ours[0]) == shape(theirs[0])
    assert shape({**group, "rules": []}) == shape({**their_group, "rules": []})
    by_state = [{rule["state"]: rule for rule in each["rules"]} for each in (group, their_group)]
    for state in ("firing", "inactive"):
        mine, own = (shape(each[state]) for each in by_state)
        assert mine == {"keepFiringFor": float, **own}, "a member that came with Prometheus 2.42"
