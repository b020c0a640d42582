"""What other people's programs push by HTTP, as they push it."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from histograms import now
from prometheus_client import CollectorRegistry, Gauge, push_to_gateway, pushadd_to_gateway
from servers import Server

pytestmark = pytest.mark.store

CARBON2, GRAPHITE = "application/vnd.sumologic.carbon2", "application/vnd.sumologic.graphite"
EXPOSITION = "application/vnd.sumologic.prometheus"


def values(server: Server, query: str) -> dict[str, float]:
    """The newest value of each series, by its labels as text."""
    answer = server.http.post("/api/v1/query", json={"query": query, "from": "-15m", "to": "now+1m"})
    assert answer.status_code == 200, answer.text
    found = {}
    for series in answer.json()["rows"][-1]["series"]:
        known = [value for value in series["values"] if value is not None]
        found[json.dumps(series["labels"], sort_keys=True)] = known[-1]
    return found


def push(server: Server, path: str, body: bytes | str, **headers: str) -> dict[str, Any]:
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = server.http.post(path, content=content, headers=named)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def rejected(server: Server, door: str) -> dict[str, int]:
    counts: dict[str, dict[str, int]] = server.http.get("/api/v1/ingest/rejects").json()["counts"]
    return counts.get(door, {})


def test_a_metrics_page_is_stored_with_its_labels_and_more(server: Server) -> None:
    body = b'# TYPE pool gauge\npool{kind="a"} 3\npool{kind="b"} 4\npool{ 5\n'
    told = push(
        server, "/api/v1/import/prometheus?label.env=prod", gzip.compress(body), Content_Encoding="gzip"
    )
    assert told == {"stored": True, "samples": 2, "histograms": 0, "rejected": {"bad-labels": 1}}
    assert values(server, "metric=pool env=prod | sum by kind") == {
        '{"kind": "a"}': 3.0,
        '{"kind": "b"}': 4.0,
    }
    assert rejected(server, "prometheus")["bad-labels"] >= 1


def test_the_client_library_pushes_as_to_a_pushgateway(server: Server) -> None:
    registry = CollectorRegistry()
    Gauge("batch_rows", "Rows of the last run.", ["table"], registry=registry).labels("orders").set(812)
    gateway = str(server.http.base_url).rstrip("/")
    push_to_gateway(gateway, job="nightly", registry=registry, grouping_key={"instance": "web1"})
    pushadd_to_gateway(gateway, job="nightly", registry=registry)
    found = values(server, "metric=batch_rows job=nightly | sum by instance, table")
    assert set(found.values()) == {812.0}
    assert any("web1" in labels for labels in found)


@pytest.mark.parametrize("path", ["/metrics/job", "/metrics/instance/a", "/metrics/job/a/b"])
def test_a_path_that_is_no_pushgateways_is_refused(server: Server, path: str) -> None:
    assert server.http.post(path, content=b"a 1").status_code == 400


def test_a_histogram_as_graphite_lines_is_whole_when_the_answer_comes(server: Server) -> None:
    at = now() // 1000
    lines = [f"sumo1.{kind}.com.shop.C{n} {10 + n} {at}" for n in range(50) for kind in ("count", "size")]
    lines += [f"sumo1.load.short 0.5 {at}", "broken"]
    told = push(
        server,
        "/receiver/v1/http/any",
        zlib.compress("\n".join(lines).encode()),
        Content_Type=GRAPHITE,
        Content_Encoding="deflate",
        X_Sumo_Host="sumo1",
        X_Sumo_Dimensions="cluster=east, team=pay",
    )
    assert (told["samples"], told["histograms"], told["rejected"]) == (101, 1, {"not-three-cells": 1})
    table = server.http.get("/api/v1/classes", params={"host": "sumo1", "jvm": "unnamed"}).json()
    assert len(table["columns"]["class"]) == 50
    assert values(server, "metric=sumo1.load.short cluster=east team=pay host=sumo1 | sum") == {"{}": 0.5}


def test_carbon_2_and_exposition_come_through_the_source(server: Server) -> None:
    at = now() // 1000
    push(
        server,
        "/receiver/v1/http/any",
        f"metric=disk.free host=carbon1  unit=B 4.5 {at}\n",
        Content_Type=CARBON2,
        X_Sumo_Category="infra",
        X_Sumo_Host="other",
    )
    assert values(server, "metric=disk.free host=carbon1 _sourceCategory=infra | sum") == {"{}": 4.5}
    push(
        server,
        "/receiver/v1/http/any",
        'queue_depth{queue="mail"} 9\n',
        Content_Type=f"{EXPOSITION}; charset=utf-8",
        X_Sumo_Metadata="tier=gold",
    )
    assert values(server, "metric=queue_depth tier=gold | sum by queue") == {'{"queue": "mail"}': 9.0}


def test_all_else_are_logs(server: Server) -> None:
    told = push(
        server,
        "/receiver/v1/http/any",
        "one went wrong\nanother went well\n",
        X_Sumo_Name="app.log",
        X_Sumo_Category="shop/app",
        X_Sumo_Host="web7",
        X_Sumo_Fields="env=prod,team=pay",
    )
    assert told["messages"] == 2
    asked = {"query": "_sourceCategory=shop/app env=prod wrong", "from": "-1h", "to": "now+1m"}
    found = server.http.post("/api/v1/logs/query", json=asked)
    assert found.status_code == 200, found.text
    assert "went wrong" in found.text


def test_an_unknown_kind_of_metrics_is_told_the_known_ones(server: Server) -> None:
    answer = server.http.post(
        "/receiver/v1/http/any", content=b"x", headers={"Content-Type": "application/vnd.sumologic.xml"}
    )
    assert answer.status_code == 400
    assert "carbon2" in answer.json()["error"]["message"]


def test_what_collectd_posts_is_stored(server: Server) -> None:
    value = {
        "values": [1901474177, 12],
        "dstypes": ["counter", "counter"],
        "dsnames": ["rx", "tx"],
        "time": now() / 1000,
        "interval": 10,
        "host": "leeloo.octo.it",
        "plugin": "interface",
        "plugin_instance": "eth0",
        "type": "if_octets",
        "type_instance": "",
    }
    told = push(
        server, "/api/v1/collectd", json.dumps([value, {"values": [1]}]), Content_Type="application/json"
    )
    assert (told["samples"], told["rejected"]) == (2, {"not-a-value-list": 1})
    query = "metric=collectd.interface.if_octets.rx host=leeloo.octo.it | sum by plugin_instance"
    assert values(server, query) == {'{"plugin_instance": "eth0"}': 1901474177.0}
    assert server.http.post("/api/v1/collectd", content=b"{}").status_code == 422


def test_every_door_that_was_used_is_counted(server: Server) -> None:
    push(server, "/api/v1/import/prometheus", "a 1\n")
    doors = {door["name"]: door for door in server.http.get("/api/v1/status").json()["doors"]}
    assert doors["prometheus"]["requests"] >= 1
    assert doors["prometheus"]["samples"] >= 1
