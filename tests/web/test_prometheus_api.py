"""What Prometheus answers about some samples, this server answers about the same samples, errors too."""

from __future__ import annotations

import math
import random
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from servers import Server

pytestmark = pytest.mark.store

BEGIN = 1_767_225_600
HOURS = 2
END = BEGIN + HOURS * 3600


def exposition() -> str:
    """Samples with times: counters that reset, gauges with gaps, histograms, series that come and go."""
    chance = random.Random(20260101)
    lines: list[str] = []

    def add(series: str, at: float, value: float) -> None:
        lines.append(f"{series} {value!r} {at:.3f}")

    for job in ("api", "web"):
        for instance in ("a:80", "b:80", "c:80"):
            for code in ("200", "500"):
                value, at = chance.random() * 100, BEGIN + chance.random() * 15
                while at < END:
                    value = 0.0 if chance.random() < 0.01 else value + chance.random() * 20
                    if chance.random() > 0.05:
                        labels = f'job="{job}",instance="{instance}",code="{code}"'
                        add(f"http_requests_total{{{labels}}}", round(at, 3), round(value, 3))
                    at += 15 + chance.random() * 2
    for room in ("north", "south", "east.wing"):
        for at in range(BEGIN, END, 20):
            if not 1800 <= (at - BEGIN) % 4000 < 2600:  # gaps longer than the lookback
                add(f'temperature{{room="{room}"}}', at, round(chance.gauss(-3, 12), 2))
    for le, share in (("0.1", 0.2), ("0.5", 0.6), ("1", 0.9), ("+Inf", 1.0)):
        for instance in ("a:80", "b:80"):
            for number, at in enumerate(range(BEGIN + 7, END, 30)):
                labels = f'le="{le}",instance="{instance}"'
                add(f"took_seconds_bucket{{{labels}}}", at, math.floor(number * 10 * share))
    for number in range(6):
        for at in range(BEGIN + 1000 * number, BEGIN + 1000 * number + 400, 10):
            add(f'short_lived{{number="{number}"}}', at, float(number))
    for at in range(BEGIN, END, 60):
        add('limit{job="api"}', at, 50.0)
        add('limit{job="web"}', at, 80.0)
        add('owner{job="api",team="red"}', at, 1.0)
        add('owner{job="web",team="blue"}', at, 1.0)
        add("constant", at, 42.0)
        add('up{job="api",instance="a:80"}', at, float(at % 600 != 0))
    lines.sort(key=lambda line: line.partition("{")[0].partition(" ")[0])
    return "\n".join([*lines, "# EOF", ""])


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def prometheus(
    needs: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """The real one, with the samples as blocks on its disk."""
    program, tool = needs("prometheus"), needs("promtool")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "samples.txt").write_text(exposition())
    (folder / "prometheus.yml").write_text("global: {}\n")
    make = [tool, "tsdb", "create-blocks-from", "openmetrics", "samples.txt", "data"]
    subprocess.run(make, cwd=folder, check=True, capture_output=True, timeout=120)
    port = free_port()
    flags = [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=promql-at-modifier,promql-negative-offset",
    ]
    with (
        open(folder / "log", "wb") as log,
        subprocess.Popen([program, *flags], stdout=log, stderr=subprocess.STDOUT, cwd=folder) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http,
    ):
        try:
            while True:
                assert process.poll() is None, (folder / "log").read_text()
                try:
                    if http.get("/-/ready").status_code == 200:
                        break
                except httpx2.TransportError:
                    pass
            yield http
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A server that has the same samples."""
    with Server(tmp_path_factory.mktemp("ours") / "data") as server:
        answer = server.http.post(
            "/api/v1/import/prometheus",
            content=exposition().encode(),
            headers={"Content-Type": "application/openmetrics-text; version=1.0.0"},
        )
        assert answer.status_code == 200, answer.text
        with httpx2.Client(base_url=f"{server.url}/prometheus", timeout=60, trust_env=False) as http:
            yield http


QUERIES = """
http_requests_total
http_requests_total{code="500"}
http_requests_total{code!="500",job="api"}
http_requests_total{instance=~"a.*|b:80"}
http_requests_total{instance!~"a.*"}
http_requests_total{instance=~"a"}
{__name__=~"up|limit"}
{__name__="up"}
http_requests_total{missing=""}
http_requests_total{missing!=""}
nothing_of_that_name
temperature
short_lived
constant
temperature offset 10m
temperature offset -10m
temperature @ 1767228000
temperature @ start()
rate(http_requests_total[5m] @ end())
rate(http_requests_total[1m])
rate(http_requests_total[5m])
rate(http_requests_total[20s])
rate(http_requests_total[5m] offset 7m)
increase(http_requests_total[10m])
irate(http_requests_total[5m])
delta(temperature[10m])
idelta(temperature[10m])
deriv(temperature[10m])
predict_linear(temperature[10m], 3600)
changes(up[30m])
resets(http_requests_total[30m])
avg_over_time(temperature[15m])
min_over_time(temperature[15m])
max_over_time(temperature[15m])
sum_over_time(temperature[15m])
count_over_time(temperature[15m])
last_over_time(temperature[15m])
present_over_time(short_lived[2m])
absent_over_time(short_lived{number="3"}[2m])
stddev_over_time(temperature[15m])
stdvar_over_time(temperature[15m])
quantile_over_time(0.9, temperature[15m])
quantile_over_time(1.5, temperature[15m])
sum(http_requests_total)
sum by (job) (rate(http_requests_total[5m]))
sum without (instance, code) (rate(http_requests_total[5m]))
sum(rate(http_requests_total[5m])) by (job, code)
avg by (room) (temperature)
min(temperature)
max(temperature)
count(short_lived)
count by (missing) (short_lived)
group by (job) (http_requests_total)
stddev(temperature)
stdvar by (job) (http_requests_total)
topk(2, http_requests_total)
topk(1, temperature)
topk by (job) (1, http_requests_total)
bottomk(3, http_requests_total)
topk(0, temperature)
quantile(0.5, temperature)
quantile by (job) (0.95, http_requests_total)
count_values("reading", up)
temperature + 1
2 * temperature
temperature / 0
temperature % 5
temperature ^ 2
-temperature
-2 ^ 2
2 ^ 3 ^ 2
1 + 2 * 3 - 4 / 8
7 % -3
1 > bool 0
temperature > 0
temperature > bool 0
0 < temperature
temperature == temperature
temperature != temperature
temperature >= 0 and temperature < 10
temperature > 10 or temperature < -10
temperature unless temperature > 0
rate(http_requests_total{code="500"}[5m]) / ignoring(code) rate(http_requests_total{code="200"}[5m])
sum by (job) (http_requests_total) / on(job) limit
http_requests_total * on(job) group_left(team) owner
owner * on(job) group_right(team) http_requests_total
http_requests_total / on(job) group_left limit
http_requests_total > on(job) group_left limit
limit > on(job) group_right http_requests_total
http_requests_total and on(job, instance) up
up or limit
limit == bool on(job) limit
limit atan2 owner
abs(temperature)
ceil(temperature)
floor(temperature)
round(temperature)
round(temperature, 5)
clamp(temperature, -1, 1)
clamp(temperature, 1, -1)
clamp_min(temperature, 0)
clamp_max(temperature, 0)
exp(temperature)
ln(temperature)
log2(limit)
log10(limit)
sqrt(temperature)
sgn(temperature)
sin(temperature)
deg(temperature)
pi()
time()
timestamp(temperature)
timestamp(temperature + 1)
vector(3)
scalar(constant)
scalar(temperature)
constant + scalar(limit{job="api"})
absent(temperature)
absent(nothing{job="x",other=~"y"})
absent(short_lived{number="1"})
hour()
minute(temperature * 100000)
day_of_week(vector(time()))
day_of_month()
day_of_year()
days_in_month()
month()
year()
label_replace(temperature, "side", "$1-$2", "room", "(.)(.*)")
label_replace(temperature, "side", "x", "room", "nor")
label_replace(temperature, "room", "", "room", "north")
label_join(http_requests_total, "where", "/", "job", "instance")
histogram_quantile(0.9, rate(took_seconds_bucket[5m]))
histogram_quantile(0.5, sum by (le) (rate(took_seconds_bucket[5m])))
histogram_quantile(0.99, took_seconds_bucket)
histogram_quantile(2, took_seconds_bucket)
max_over_time(rate(http_requests_total[5m])[30m:1m])
avg_over_time(sum(temperature)[10m:])
sum_over_time(vector(1)[10m:30s] offset 1m)
sort(temperature)
sort_desc(http_requests_total)
sum(rate(http_requests_total[5m])) by (job) > 1
1 - avg(up) # with a comment
""".strip().splitlines()


def answer(http: httpx2.Client, path: str, params: Any) -> Any:
    found = http.get(f"/api/v1/{path}", params=params)
    assert found.status_code == 200, f"{found.status_code} {found.text[:300]}"
    body = found.json()
    assert body["status"] == "success"
    return body["data"]


def by_labels(data: Any) -> dict[Any, list[Any]]:
    if data["resultType"] in ("scalar", "string"):
        return {(): [data["result"]]}
    return {
        tuple(sorted(row["metric"].items())): row["values"] if "values" in row else [row["value"]]
        for row in data["result"]
    }


def same(ours: Any, theirs: Any) -> str:
    """Why two answers are not the same; empty when they are."""
    if ours["resultType"] != theirs["resultType"]:
        return f"{ours['resultType']} is not {theirs['resultType']}"
    one, other = by_labels(ours), by_labels(theirs)
    if set(one) != set(other):
        return f"more: {set(one) - set(other)}; missing: {set(other) - set(one)}"
    for labels, points in one.items():
        wanted = other[labels]
        if [at for at, _ in points] != [at for at, _ in wanted]:
            return f"{labels}: other times: {len(points)} points are not {len(wanted)}"
        for (at, got), (_, value) in zip(points, wanted, strict=True):
            if ours["resultType"] == "string":
                return "" if got == value else f"{got} is not {value}"
            a, b = float(got), float(value)
            if not (math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))):
                return f"{labels} at {at}: {got} is not {value}"
    return ""


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_over_time_is_answered_as_prometheus_does(
    ours: httpx2.Client, prometheus: httpx2.Client, query: str
) -> None:
    for start, end, step in ((BEGIN - 300, END + 900, 60), (BEGIN + 1234.5, BEGIN + 3000, 7.25)):
        params = {"query": query, "start": start, "end": end, "step": step}
        assert not same(answer(ours, "query_range", params), answer(prometheus, "query_range", params))


@pytest.mark.parametrize("query", [*QUERIES, "temperature[2m]", "'text'", "sum(temperature)[5m:1m]"])
def test_a_query_at_a_moment_is_answered_as_prometheus_does(
    ours: httpx2.Client, prometheus: httpx2.Client, query: str
) -> None:
    for at in (BEGIN + 1500, BEGIN + 2000.123, END + 100):
        params = {"query": query, "time": at}
        assert not same(answer(ours, "query", params), answer(prometheus, "query", params))


def test_topk_and_sort_give_their_rows_in_order(ours: httpx2.Client, prometheus: httpx2.Client) -> None:
    for query in ("topk(3, http_requests_total)", "sort(temperature)", "sort_desc(http_requests_total)"):
        params = {"query": query, "time": BEGIN + 1500}
        one, other = (answer(http, "query", params)["result"] for http in (ours, prometheus))
        assert [row["metric"] for row in one] == [row["metric"] for row in other]


def test_the_lookback_can_be_told(ours: httpx2.Client) -> None:
    params = {"query": "temperature", "time": BEGIN + 2000, "lookback_delta": "30s"}
    assert answer(ours, "query", params)["result"] == []
    assert len(answer(ours, "query", {**params, "lookback_delta": "10m"})["result"]) == 3


def test_a_query_that_takes_too_long_is_stopped(ours: httpx2.Client) -> None:
    query = " + ".join(["sum(rate(http_requests_total[1h]))"] * 100)
    params = {"query": query, "start": BEGIN, "end": END, "step": 1, "timeout": "1ms"}
    found = ours.get("/api/v1/query_range", params=params)
    assert (found.status_code, found.json()["errorType"]) == (503, "timeout")


def test_a_query_over_a_limit_says_so(ours: httpx2.Client) -> None:
    query = 'count_values("v", http_requests_total * time())'
    params = {"query": query, "start": BEGIN, "end": END, "step": 1}
    found = ours.get("/api/v1/query_range", params=params)
    assert (found.status_code, found.json()["errorType"]) == (422, "execution")
    assert "too many different values" in found.json()["error"]


RANGE = {"start": str(BEGIN), "end": str(END)}
LISTS = [
    ("labels", {}),
    ("labels", RANGE),
    ("labels", {**RANGE, "match[]": "temperature"}),
    ("labels", {**RANGE, "match[]": ["temperature", 'up{job="api"}']}),
    ("label/__name__/values", {}),
    ("label/job/values", RANGE),
    ("label/instance/values", {**RANGE, "match[]": 'http_requests_total{job="web"}'}),
    ("label/room/values", {**RANGE, "match[]": '{__name__=~"temp.*"}'}),
    ("label/none/values", RANGE),
    ("series", {**RANGE, "match[]": "temperature"}),
    ("series", {**RANGE, "match[]": ["up", 'http_requests_total{code="500"}']}),
    ("series", {**RANGE, "match[]": "nothing"}),
]


@pytest.mark.parametrize(("path", "params"), LISTS)
def test_labels_and_series_are_listed_as_prometheus_lists_them(
    ours: httpx2.Client, prometheus: httpx2.Client, path: str, params: Any
) -> None:
    def listed(data: list[Any]) -> list[Any]:
        return sorted(data, key=str)

    assert listed(answer(ours, path, params)) == listed(answer(prometheus, path, params))


OVER_TIME = {"query": "up", "start": BEGIN, "end": END, "step": 60}
ERRORS: list[tuple[str, dict[str, Any]]] = [
    ("query", {}),
    ("query", {"query": ""}),
    ("query", {"query": "sum("}),
    ("query", {"query": "up{"}),
    ("query", {"query": "up{job=}"}),
    ("query", {"query": "up)"}),
    ("query", {"query": "{}"}),
    ("query", {"query": '{job=""}'}),
    ("query", {"query": '{job=~".*"}'}),
    ("query", {"query": 'up{job=~"("}'}),
    ("query", {"query": "nosuch(up)"}),
    ("query", {"query": "rate(up)"}),
    ("query", {"query": "abs(up[5m])"}),
    ("query", {"query": "abs()"}),
    ("query", {"query": "abs(up, up)"}),
    ("query", {"query": "sum(1)"}),
    ("query", {"query": "topk(up)"}),
    ("query", {"query": "up[5m] + 1"}),
    ("query", {"query": "1 > 2"}),
    ("query", {"query": "1 and 2"}),
    ("query", {"query": "1 + bool 2"}),
    ("query", {"query": "up[0m]"}),
    ("query", {"query": "sum(up)[5m]"}),
    ("query", {"query": "up offset"}),
    ("query", {"query": "up and on(job) group_left up"}),
    ("query", {"query": "up", "time": "yesterday"}),
    ("query", {"query": "http_requests_total * on(job) limit", "time": BEGIN + 600}),
    ("query", {"query": "limit * on(job) http_requests_total", "time": BEGIN + 600}),
    ("query", {"query": "http_requests_total * on(job) http_requests_total", "time": BEGIN + 600}),
    ("query", {"query": 'label_replace(temperature, "room", "x", "room", ".*")', "time": BEGIN + 600}),
    ("query", {"query": 'label_replace(up, "0", "x", "job", ".*")', "time": BEGIN + 600}),
    ("query", {"query": 'label_replace(up, "a", "x", "job", "(")', "time": BEGIN + 600}),
    ("query", {"query": "topk(NaN, temperature)", "time": BEGIN + 600}),
    ("query_range", {**OVER_TIME, "query": "up[5m]"}),
    ("query_range", {**OVER_TIME, "query": "'text'"}),
    ("query_range", {**OVER_TIME, "end": BEGIN - 1}),
    ("query_range", {**OVER_TIME, "step": 0}),
    ("query_range", {**OVER_TIME, "step": -1}),
    ("query_range", {**OVER_TIME, "step": "x"}),
    ("query_range", {**OVER_TIME, "step": 0.1}),
    ("query_range", {"query": "up", "end": END, "step": 60}),
    ("query_range", {**OVER_TIME, "start": "x"}),
    ("query_range", {**OVER_TIME, "query": '{__name__=~"up|limit"} * 2 + http_requests_total[5m]'}),
    ("series", {}),
    ("series", {"match[]": "up[5m]"}),
    ("series", {"match[]": "sum(up)"}),
    ("labels", {"match[]": "{}"}),
    ("label/0bad/values", {}),
]


@pytest.mark.parametrize(("path", "params"), ERRORS)
def test_what_prometheus_refuses_is_refused_in_its_way(
    ours: httpx2.Client, prometheus: httpx2.Client, path: str, params: dict[str, Any]
) -> None:
    one, other = (http.get(f"/api/v1/{path}", params=params) for http in (ours, prometheus))
    assert other.status_code >= 400
    assert one.status_code == other.status_code, (one.text, other.text)
    assert one.json()["status"] == "error"
    assert one.json()["errorType"] == other.json()["errorType"]
    assert one.json()["error"]
