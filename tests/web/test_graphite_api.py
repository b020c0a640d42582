"""Graphite's routes over HTTP: formats, forms, errors."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from servers import Server

from heapwatch.model import Batch, Event
from heapwatch.wire.batch import encode

pytestmark = pytest.mark.store

BEGIN = 1_767_225_600
FORMULA = '=cmd|"/c calc"'


@pytest.fixture(scope="module")
def graphite(server: Server) -> Iterator[httpx2.Client]:
    """A client of a server that has an hour of two paths."""
    lines = "".join(
        f"servers.web{number}.load {number * at} {BEGIN + 60 * at}\n" for at in range(60) for number in (1, 2)
    )
    headers = {"Content-Type": "application/vnd.sumologic.graphite"}
    server.http.post("/receiver/v1/http/any", content=lines.encode(), headers=headers).raise_for_status()
    with httpx2.Client(base_url=f"{server.url}/graphite", timeout=60, trust_env=False) as http:
        yield http


def render(http: httpx2.Client, target: str, **more: Any) -> httpx2.Response:
    params = {"target": target, "from": BEGIN - 1, "until": BEGIN + 3600, **more}
    return http.get("/render", params=params)


def test_points_are_pairs_of_value_and_time(graphite: httpx2.Client) -> None:
    [line] = render(graphite, "alias(servers.web2.load, 'two')").json()
    assert line["target"] == "two"
    assert line["tags"] == {"name": "servers.web2.load"}
    known = [(value, at) for value, at in line["datapoints"] if value is not None]
    steps = {after - before for (_, before), (_, after) in zip(known, known[1:], strict=False)}
    assert len(steps) == 1
    assert all(at % steps.copy().pop() == 0 for _, at in known)
    assert known[-1][0] > known[0][0]


def test_there_are_no_more_points_than_asked_for(graphite: httpx2.Client) -> None:
    for most in (1, 7, 50):
        [line] = render(graphite, "servers.web1.load", maxDataPoints=most).json()
        assert len(line["datapoints"]) <= most + 1


def test_csv_and_raw_have_the_same_points(graphite: httpx2.Client) -> None:
    [line] = render(graphite, "servers.web1.load").json()
    rows = list(csv.reader(io.StringIO(render(graphite, "servers.web1.load", format="csv").text)))
    assert [float(value) if value else None for _, _, value in rows] == [v for v, _ in line["datapoints"]]
    assert rows[0][:2] == ["servers.web1.load", "2026-01-01 00:00:00"]
    raw = render(graphite, "servers.web1.load", format="raw").text
    head, _, values = raw.strip().partition("|")
    name, start, _, step = head.split(",")
    assert (name, int(start)) == ("servers.web1.load", line["datapoints"][0][1])
    assert int(step) == line["datapoints"][1][1] - line["datapoints"][0][1]
    assert [None if each == "None" else float(each) for each in values.split(",")] == [
        value for value, _ in line["datapoints"]
    ]


def test_a_spreadsheet_does_not_run_a_name(graphite: httpx2.Client) -> None:
    text = render(graphite, f"alias(servers.web1.load, '{FORMULA}')", format="csv").text
    assert next(csv.reader(io.StringIO(text)))[0].startswith("'=")


def test_times_are_in_the_zone_asked_for(graphite: httpx2.Client) -> None:
    params = {"target": "servers.web1.load", "format": "csv", "tz": "Europe/Berlin"}
    text = graphite.get(
        "/render", params={**params, "from": "01:00_20260101", "until": "02:00_20260101"}
    ).text
    assert text.splitlines()[0].split(",")[1].startswith("2026-01-01 01:0")


def test_forms_and_several_targets(graphite: httpx2.Client) -> None:
    form = {"target": ["servers.web1.load", "sumSeries(servers.*.load)"], "from": BEGIN, "until": BEGIN + 600}
    answer = graphite.post("/render", data=form)
    assert [line["target"] for line in answer.json()] == ["servers.web1.load", "sumSeries(servers.*.load)"]
    assert graphite.post("/render", data={"from": "-1h"}).json() == []


def test_paths_are_found_expanded_and_listed(graphite: httpx2.Client) -> None:
    [node] = graphite.get("/metrics/find", params={"query": "servers"}).json()
    assert node == {
        "text": "servers", "id": "servers", "allowChildren": 1, "expandable": 1, "leaf": 0, "context": {},
    }  # fmt: skip
    found = graphite.get("/metrics/find", params={"query": "servers.*"}).json()
    assert [node["id"] for node in found] == ["servers.web1", "servers.web2"]
    completed = graphite.get("/metrics/find", params={"query": "servers.web1.", "format": "completer"}).json()
    assert completed == {"metrics": [{"path": "servers.web1.load", "name": "load", "is_leaf": "1"}]}
    expanded = graphite.get("/metrics/expand", params={"query": "servers.*.load", "leavesOnly": 1}).json()
    assert expanded == {"results": ["servers.web1.load", "servers.web2.load"]}
    grouped = graphite.get("/metrics/expand", params={"query": ["servers.*", "no"], "groupByExpr": 1}).json()
    assert grouped == {"results": {"servers.*": ["servers.web1", "servers.web2"], "no": []}}
    assert graphite.get("/metrics/index.json").json() == ["servers.web1.load", "servers.web2.load"]


def test_events_are_annotations(graphite: httpx2.Client, server: Server) -> None:
    labels = {"host": "web1", "jvm": "shop", "pid": "7", "started": str(BEGIN * 1000)}
    happened = [
        Event((BEGIN + 60) * 1000, "deploy", labels, "1.0 -> 1.1"),
        Event((BEGIN + 90) * 1000, "exit", labels),
    ]
    server.http.post("/api/v1/batch", content=encode(Batch("agent", 1, events=happened))).raise_for_status()
    params = {"from": BEGIN, "until": BEGIN + 3600}
    found = graphite.get("/events/get_data", params={**params, "tags": "deploy host:web1"}).json()
    assert found == [
        {
            "id": 1,
            "when": BEGIN + 60,
            "what": "deploy",
            "tags": ["deploy", "host:web1", "jvm:shop"],
            "data": "1.0 -> 1.1",
        }
    ]
    assert {each["what"] for each in graphite.get("/events/get_data", params=params).json()} >= {
        "deploy",
        "exit",
    }
    assert graphite.get("/events/get_data", params={**params, "tags": "host:web2"}).json() == []


@pytest.mark.parametrize(
    ("path", "params", "message"),
    [
        ("render", {"target": "sumSeries("}, "is missing"),
        ("render", {"target": "nope(a)"}, "no function nope"),
        ("render", {"target": "a", "format": "png"}, "format: json, csv, raw"),
        ("render", {"target": "a", "from": "someday"}, "is not a time"),
        ("render", {"target": "a", "from": "-1h", "until": "-2h"}, "is not before"),
        ("render", {"target": "a", "maxDataPoints": "many"}, "maxDataPoints"),
        ("render", {"target": "a", "maxDataPoints": "0"}, "maxDataPoints"),
        ("render", {"target": "a", "tz": "Mars/Base"}, "no time zone"),
        ("render", {"target": "a[z-a]"}, "not a pattern of paths"),
        ("metrics/find", {}, "query"),
        ("metrics/find", {"query": "a.**"}, "\\*\\* is for targets"),
        ("metrics/find", {"query": "a", "format": "pickle"}, "format"),
        ("metrics/expand", {}, "query"),
        ("tags/autoComplete/values", {}, "tag"),
        ("tags/autoComplete/tags", {"expr": "host"}, "tag=value"),
        ("tags/autoComplete/tags", {"limit": "x"}, "limit"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    graphite: httpx2.Client, path: str, params: dict[str, str], message: str
) -> None:
    answer = graphite.get(f"/{path}", params=params)
    assert answer.status_code == 400, answer.text
    assert re.search(message, answer.json()["error"]["message"])
