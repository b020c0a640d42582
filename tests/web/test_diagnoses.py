"""Diagnoses that a server keeps: who asks finds them by class, charts mark them, and they survive."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from servers import Server

from heapwatch.web import diagnoses
from heapwatch.web.diagnosis_answers import NewDiagnosis

pytestmark = pytest.mark.store

NOW = int(time.time() * 1000)


def made(suspect: str = "shop.Session", ago: int = 0, **more: Any) -> dict[str, Any]:
    """What the command line sends."""
    way = {
        "objects": 9,
        "class": "byte[]",
        "root": "thread main, a variable on its stack",
        "chain": [
            {"holder": "shop.Cache", "fields": ["entries"], "static": True, "times": 1},
            {"holder": suspect, "fields": ["body"], "static": False, "times": 1},
        ],
        "stack": ["shop.Session.read:41"],
    }
    steps = [
        {
            "step": 2,
            "operation": "histogram",
            "predicted_pause_ms": 3.0,
            "pause_ms": 1.5,
            "found": "9 objects",
        },
        {"step": 4, "operation": "jfr", "pause_ms": 20.0, "found": "9 objects", "answer": {"samples": 9}},
    ]
    return {
        "host": "web1",
        "jvm": "shop",
        "pid": 4711,
        "started": NOW - 3_600_000,
        "time": NOW - ago,
        "suspect": suspect,
        "confirmed_by": ["jfr"],
        "growth": [{"class": suspect, "delta_instances": 9, "delta_bytes": 4096}],
        "steps": steps,
        "holders": {"jfr": [way]},
        "of a newer version": True,
        **more,
    }


def listed(server: Server, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.http.get("/api/v1/diagnoses", params=params).json()["diagnoses"]
    return found


def test_a_diagnosis_is_found_by_each_class_on_its_ways_also_after_a_kill(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        first = server.http.post("/api/v1/diagnoses", json=made()).json()["id"]
        assert server.http.post("/api/v1/diagnoses", json=made()).json()["id"] == first  # sent again
        server.http.post("/api/v1/diagnoses", json=made("shop.Cart", 60_000, host="web2"))
        (row,) = listed(server, **{"class": "shop.Session"})
        assert (row["id"], row["ways"], row["longest_pause_ms"], row["pause_ms"]) == (first, 1, 20.0, 21.5)
        assert row["by"]
        for classes, hosts in (("byte[]", ["web1", "web2"]), ("shop.Ca*", ["web1", "web2"]), ("byte", [])):
            assert [each["host"] for each in listed(server, **{"class": classes})] == hosts
        assert [each["suspect"] for each in listed(server, host="web2")] == ["shop.Cart"]
        whole = server.http.get(f"/api/v1/diagnoses/{first}").json()
        assert whole["holders"]["jfr"][0]["chain"][0]["holder"] == "shop.Cache"
        assert whole["steps"][1]["answer"] == {"samples": 9}
        events = server.http.get("/api/v1/events", params={"from": "-1h", "host": "web1"}).json()["events"]
        (mark,) = [each for each in events if each["kind"] == "diagnosis"]
        assert mark["labels"].items() >= {"class": "shop.Session", "diagnosis": first}.items()
        assert mark["text"] == "suspect: shop.Session"
        audit = server.http.get("/api/v1/audit").json()["entries"]
        assert next(each["target"] for each in audit if each["what"] == "diagnosis.store") == "web2 shop"
        server.kill()
    with Server(tmp_path / "data") as server:
        assert server.http.get(f"/api/v1/diagnoses/{first}").json() == whole
        missing = server.http.get("/api/v1/diagnoses/none")
        assert missing.status_code == 404
        for body, why in (
            (b"{", "no diagnosis: the body"),
            (b'{"host": "web1"}', "no diagnosis: jvm: Field required"),
            (b" " * (diagnoses.LARGEST + 1), "at most 1 MiB"),
        ):
            refused = httpx2.post(f"{server.url}/api/v1/diagnoses", content=body)
            assert refused.status_code == 400, refused.text
            assert why in refused.json()["error"]["message"]
        ahead = server.http.post("/api/v1/diagnoses", json=made(ago=-3_600_000))
        assert "clock of its host is ahead" in ahead.text


class Memory:
    """Rooms of a store, without one."""

    def __init__(self) -> None:
        self.bodies: dict[str, str] = {}

    def all(self, _room: str) -> dict[str, str]:
        return {id_: body for id_, body in self.bodies.items() if body}

    def put(self, _room: str, bodies: dict[str, str]) -> None:
        self.bodies.update(bodies)


@pytest.mark.parametrize(("bound", "value"), [("MOST", 2), ("MOST_BYTES", 2000)])
def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch, bound: str, value: int) -> None:
    monkeypatch.setattr(diagnoses, bound, value)
    memory: Any = Memory()
    room = diagnoses.Diagnoses(memory, lambda _: None, lambda: NOW)
    for minutes in (9, 3, 7, 5):
        room.keep(NewDiagnosis.model_validate(made(ago=minutes * 60_000)), "ann")
    for again in (room, diagnoses.Diagnoses(memory, lambda _: None, lambda: NOW)):
        rows = again.rows([], [], [], 100)["diagnoses"]
        assert [(NOW - row["time"]) // 60_000 for row in rows] == [3, 5]
