"""Grafana on day one: what its data sources ask, and every panel and variable of the dashboards we ship."""

from __future__ import annotations

import base64
import json
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
import test_story
import yaml
from servers import Server

from heapwatch.model import Batch, MetricBlock
from heapwatch.web.auth import Tokens
from heapwatch.wire.batch import encode

pytestmark = pytest.mark.store

SHIPPED = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARDS = sorted((SHIPPED / "dashboards").glob("*.json"))
ASKED = json.loads(Path(__file__).with_name("grafana_requests.json").read_text())
START = test_story.BEGIN // 1000
END = START + test_story.TICKS * test_story.STEP // 1000

MIB = 1 << 20
COUNTERS = {
    "jvm.heap.used": (200 * MIB, 5 * MIB),
    "jvm.heap.after_gc": (150 * MIB, 4 * MIB),
    "jvm.heap.committed": (600 * MIB, 0),
    "jvm.heap.max": (800 * MIB, 0),
    "jvm.gc.load": (0.02, 0.001),
    "jvm.gc.time_ms;gc=young": (100, 20),
    "jvm.gc.time_ms;gc=old": (10, 0),
    "jvm.pool.used;pool=eden": (50 * MIB, MIB),
    "jvm.pool.used;pool=old": (150 * MIB, 4 * MIB),
    "jvm.threads.live": (40, 1),
    "jvm.process.rss": (900 * MIB, MIB),
    "jvm.metaspace.used": (60 * MIB, 0),
}


def counters() -> Iterator[MetricBlock]:
    """What the agents read beside the histograms."""
    times = array("q", range(test_story.BEGIN, END * 1000, test_story.STEP))
    for number in (1, 2, 3):
        labels = {"host": f"memleak{number}", "jvm": "memleak", "pid": "0", "started": "0"}
        values = {
            name: array("d", [first + number * rise * at for at in range(len(times))])
            for name, (first, rise) in COUNTERS.items()
        }
        yield MetricBlock(labels, times, values)


@pytest.fixture(scope="module")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client with Grafana's headers and a token, of a server that has the story's data."""
    data = tmp_path_factory.mktemp("grafana") / "data"
    secret, _ = Tokens(data / "tokens.json").create("grafana", ["read", "ingest"])
    with Server(data) as server:
        bearer = {"Authorization": f"Bearer {secret}"}
        batch = Batch("agent", 1, list(test_story.snapshots()), list(counters()))
        server.http.post("/api/v1/batch", content=encode(batch), headers=bearer).raise_for_status()
        headers = {**ASKED["headers"], **bearer}
        with httpx2.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False) as http:
            yield http


def asked(http: httpx2.Client, request: Mapping[str, Any], **more: Any) -> httpx2.Response:
    def told(values: Mapping[str, str]) -> dict[str, str]:
        moments = {"@start": str(START), "@end": str(END)}
        return {name: moments.get(value, value) for name, value in values.items()}

    return http.request(
        request["method"],
        request["path"],
        params=told(request.get("params", {})),
        data=told(request["form"]) if "form" in request else None,
        **more,
    )


@pytest.mark.parametrize("request_", ASKED["requests"], ids=[each["what"] for each in ASKED["requests"]])
def test_what_grafana_asks_is_answered(grafana: httpx2.Client, request_: dict[str, Any]) -> None:
    answer = asked(grafana, request_)
    assert answer.status_code == 200, answer.text
    if "data" in request_:
        assert answer.json()["data"] == request_["data"]
    if "has" in request_:
        outer, inner = request_["has"]
        assert inner in answer.json()[outer]
    assert request_.get("contains", "") in answer.text


class TestWhoAsks:
    """Grafana can send a token as a header or as the password of basic authentication."""

    PATHS = ("/prometheus/api/v1/status/buildinfo", "/graphite/version")

    def basic(
        self, http: httpx2.Client, user: str = "grafana", password: str | None = None
    ) -> dict[str, str]:
        secret = http.headers["Authorization"].removeprefix("Bearer ") if password is None else password
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}

    @pytest.mark.parametrize("path", PATHS)
    def test_the_password_may_be_a_token(self, grafana: httpx2.Client, path: str) -> None:
        assert grafana.get(path, headers=self.basic(grafana)).status_code == 200
        assert grafana.get(path, headers=self.basic(grafana, "")).status_code == 200

    @pytest.mark.parametrize("path", PATHS)
    def test_nothing_else_is_let_in(self, grafana: httpx2.Client, path: str) -> None:
        wrong = ["Basic", "Basic %%%", "Basic " + base64.b64encode(b"no-colon").decode(), "Digest x", ""]
        headers = [{"Authorization": each} for each in wrong]
        headers += [self.basic(grafana, password="hw_wrong"), self.basic(grafana, password="")]
        assert {grafana.get(path, headers=each).status_code for each in headers} == {401}

    def test_elsewhere_a_password_is_not_taken(self, grafana: httpx2.Client) -> None:
        assert grafana.get("/api/v1/jvms", headers=self.basic(grafana)).status_code == 401


@pytest.mark.parametrize("path", ["/prometheus/api/v1/query", "/graphite/render"])
def test_a_form_that_is_too_long_is_refused(grafana: httpx2.Client, path: str) -> None:
    answer = grafana.post(path, data={"query": "x" * (2 << 20), "target": "a"})
    assert answer.status_code in (413, 422)


# ---- what we ship


def prometheus_value(values: Sequence[str], *, several: bool) -> str:
    """As Grafana's Prometheus data source puts values into a query, within a string of it."""
    if not several:
        return values[0].replace("\\", "\\\\").replace('"', '\\"')
    escaped = [re.sub(r"([\[\]{}()^$*+?.|'])", r"\\\\\1", each.replace("\\", "\\\\\\\\")) for each in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def regex(values: Sequence[str]) -> str:
    escaped = [re.sub(r"([\\^$.*+?()[\]{}|/])", r"\\\1", each) for each in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def glob(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"{{{','.join(values)}}}"


class Board:
    """A dashboard with values for its variables, as Grafana has once it is loaded."""

    def __init__(self, path: Path, http: httpx2.Client, *, everything: bool) -> None:
        self.definition = json.loads(path.read_text())
        self.kind = path.name.partition("-")[0]
        self.http = http
        self.chosen: dict[str, tuple[list[str], bool, str]] = {}
        for variable in self.definition["templating"]["list"]:
            self._choose(variable, everything)

    def _choose(self, variable: Mapping[str, Any], everything: bool) -> None:
        name = variable["name"]
        if variable["type"] == "query":
            text = variable["query"]["query"] if self.kind == "prometheus" else variable["query"]
            values = self.found(self.replaced(text))
            assert values, f"the variable {name} has no values"
            several = variable["multi"]
            all_value = variable.get("allValue", "") if everything and several else ""
            self.chosen[name] = (values if everything and several else values[-1:], several, all_value)
        elif variable["type"] == "textbox":
            self.chosen[name] = ([variable["query"]], False, "")
        else:
            assert variable["type"] == "datasource"
            assert variable["query"] == self.kind

    def found(self, query: str) -> list[str]:
        """The values of a variable's query."""
        if self.kind == "prometheus":
            call = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
            assert call, query
            params = {"match[]": call[1], "start": START, "end": END}
            answer = self.http.get(f"/prometheus/api/v1/label/{call[2]}/values", params=params)
            assert answer.status_code == 200, answer.text
            return list(answer.json()["data"])
        call = re.fullmatch(r"tag_values\(([^,]+)((, *[^,]+)*)\)", query)
        if call:
            expressions = re.findall(r", *([^,]+)", call[2])
            params = {"tag": call[1], "expr": expressions, "limit": "10000"}
            answer = self.http.get("/graphite/tags/autoComplete/values", params=params)
            assert answer.status_code == 200, answer.text
            return list(answer.json())
        answer = self.http.post("/graphite/metrics/find", data={"query": query})
        assert answer.status_code == 200, answer.text
        return [node["text"] for node in answer.json()]

    def replaced(self, text: str) -> str:
        built_in = {"__rate_interval": "60s", "__interval": "10s", "__range": f"{END - START}s"}

        def value(found: re.Match[str]) -> str:
            name, form = found[1] or found[3], found[2]
            if name in built_in:
                return built_in[name]
            values, several, all_value = self.chosen[name]
            if all_value:
                return all_value
            if form == "regex":
                return regex(values)
            if self.kind == "prometheus":
                return prometheus_value(values, several=several)
            return glob(values)

        return re.sub(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)", value, text)

    def points(self, panel: Mapping[str, Any], target: Mapping[str, Any]) -> int:
        """How many points a target has."""
        if self.kind == "graphite":
            text = re.sub(r"'(\d+)m'", r"'\1min'", self.replaced(target["target"]))
            form = {"target": text, "from": START, "until": END, "format": "json", "maxDataPoints": 1000}
            answer = self.http.post("/graphite/render", data=form)
            assert answer.status_code == 200, (panel["title"], text, answer.text)
            lines = answer.json()
            return sum(value is not None for line in lines for value, _ in line["datapoints"])
        form = {"query": self.replaced(target["expr"])}
        if target["instant"]:
            answer = self.http.post("/prometheus/api/v1/query", data={**form, "time": END})
        else:
            times = {"start": START, "end": END, "step": 10}
            answer = self.http.post("/prometheus/api/v1/query_range", data={**form, **times})
        assert answer.status_code == 200, (panel["title"], form, answer.text)
        return sum(len(row.get("values", [1])) for row in answer.json()["data"]["result"])


@pytest.mark.parametrize("everything", [True, False], ids=["all chosen", "one chosen"])
@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_of_a_dashboard_has_something_to_show(
    grafana: httpx2.Client, path: Path, everything: bool
) -> None:
    board = Board(path, grafana, everything=everything)
    assert board.definition["panels"]
    for panel in board.definition["panels"]:
        for target in panel["targets"]:
            assert board.points(panel, target), (panel["title"], target)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_one_that_grafana_10_reads(path: Path) -> None:
    board = json.loads(path.read_text())
    assert board["schemaVersion"] >= 36
    assert re.fullmatch(r"[a-z0-9-]{1,40}", board["uid"])
    assert "id" not in board
    sources = {json.dumps(panel["datasource"]) for panel in board["panels"]}
    sources |= {json.dumps(target["datasource"]) for panel in board["panels"] for target in panel["targets"]}
    kind = path.name.partition("-")[0]
    assert sources == {json.dumps({"type": kind, "uid": "${datasource}"})}
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_dashboards_are_of_both_kinds() -> None:
    assert {path.stem for path in DASHBOARDS} == {
        f"{kind}-{name}" for kind in ("graphite", "prometheus") for name in ("fleet", "jvm", "story")
    }


def test_the_provisioning_names_our_addresses() -> None:
    sources = yaml.safe_load((SHIPPED / "provisioning/datasources/heapwatch.yaml").read_text())
    told = {source["type"]: source["url"].partition(":7077")[2] for source in sources["datasources"]}
    assert told == {"prometheus": "/prometheus", "graphite": "/graphite"}
    boards = yaml.safe_load((SHIPPED / "provisioning/dashboards/heapwatch.yaml").read_text())
    assert boards["apiVersion"] == 1
