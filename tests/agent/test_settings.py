"""Settings as people write them: understood, or refused with the place and the reason."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from heapwatch.agent import config, sinks, toml, units
from heapwatch.errors import UsageError

EXAMPLE = """
host = "web1"
interval = "30s"
only = ["shop", 4711]
spool = "/var/spool/heapwatch"
spool_size = "16MiB"
listen = "off"
class_names = { }
suspects = false
[labels]
env = "prod"
[names]
"com.shop.Main*" = "shop"
[budget]
share = "1%"
max_pause = "250ms"
[[sink]]
kind = "heapwatch"
url = "https://heapwatch.example"
token_file = "/etc/heapwatch/token"
[[sink]]
kind = "graphite"
address = "graphite.example"
template = "hw.<host>.<jvm>.<count|size>.<class>"
[[sink]]
kind = "file"
name = "archive"
path = "/var/log/heap.jsonl"
max_size = "10MB"
keep = 2
""".replace("class_names = { }\n", "")


def load(text: str = "", tmp_path: Path | None = None, **more: Any) -> config.Settings:
    file = None
    if tmp_path is not None:
        file = tmp_path / "agent.toml"
        file.write_text(text)
    return config.load(file, more.get("flags"), more.get("variables", {}))


def test_a_file_says_everything_that_can_be_said(tmp_path: Path) -> None:
    settings = load(EXAMPLE, tmp_path)
    assert (settings.host, settings.interval_s, settings.only) == ("web1", 30.0, ("shop", "4711"))
    assert (settings.directory, settings.spool_bytes) == (Path("/var/spool/heapwatch"), 16 << 20)
    assert (settings.labels, settings.names, settings.listen) == (
        {"env": "prod"},
        {"com.shop.Main*": "shop"},
        "",
    )
    assert not settings.suspects
    limits = settings.limits
    assert (limits.share, limits.max_pause_ms, limits.min_interval_s) == (0.01, 250.0, 30.0)
    server, graphite, file = settings.sinks
    assert (server.name, server.options["url"]) == ("heapwatch", "https://heapwatch.example")
    assert server.options["token_file"] == Path("/etc/heapwatch/token")
    assert graphite.options["address"] == ("graphite.example", 2003)
    assert (file.name, file.options["max_bytes"], file.options["keep"]) == ("archive", 10_000_000, 2)


def test_sinks_for_metrics_stores_keep_their_secrets(tmp_path: Path) -> None:
    text = """
[[sink]]
kind = "sumo"
url = "https://collectors.example/receiver/v1/http/SECRET=="
form = "carbon2"
category = "jvm/heap"
logs = false
[sink.dimensions]
cluster = "east"
[[sink]]
kind = "prometheus"
url = "https://mimir.example/api/v1/push"
username = "12345"
token = "SECRET"
top = 50
[sink.headers]
X-Scope-OrgID = "shop"
"""
    settings = load(text, tmp_path)
    sumo, prometheus = settings.sinks
    assert (sumo.options["dimensions"], sumo.options["logs"]) == ({"cluster": "east"}, False)
    assert (prometheus.options["top"], prometheus.options["headers"]) == (50, {"X-Scope-OrgID": "shop"})
    shown = config.show(settings)
    assert "SECRET" not in shown
    assert "dimensions = cluster=east" in shown
    for sink in settings.sinks:
        sinks.build(sink).close()
    assert [sink["kind"] for sink in toml.loads(text)["sink"]] == ["sumo", "prometheus"]


def test_json_says_the_same_where_there_is_no_toml(tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    file.write_text(json.dumps({"host": "a", "sink": [{"kind": "stdout", "form": "graphite"}]}))
    settings = config.load(file, {}, {})
    assert settings.host == "a"
    assert [sink.kind for sink in settings.sinks] == ["stdout"]


def test_without_any_settings_the_local_server_gets_what_all_jvms_of_this_host_say() -> None:
    settings = load()
    assert settings.host == os.uname().nodename
    assert [sink.options for sink in settings.sinks] == [{"url": "http://127.0.0.1:7077"}]
    assert settings.only == ()
    assert settings.min_age_s == 30


def test_a_jvm_that_is_named_is_watched_almost_from_its_start() -> None:
    assert load(flags={"only": ["shop"]}).min_age_s == 1


def test_flags_beat_variables_beat_the_file(tmp_path: Path) -> None:
    text = 'host = "file"\ninterval = "1m"\nmode = "live"\n[labels]\na = "file"\nb = "file"\nc = "file"'
    variables = {
        "HEAPWATCH_HOST": "variable",
        "HEAPWATCH_INTERVAL": "20s",
        "HEAPWATCH_LABELS": "a=variable,b=variable",
    }
    settings = load(text, tmp_path, variables=variables, flags={"host": "flag", "labels": {"a": "flag"}})
    assert (settings.host, settings.interval_s, settings.mode) == ("flag", 20.0, "live")
    assert settings.labels == {"a": "flag", "b": "variable", "c": "file"}


def test_a_server_on_the_command_line_takes_the_place_of_that_in_the_file(tmp_path: Path) -> None:
    settings = load(EXAMPLE, tmp_path, flags={"server": "http://other:7077", "token_file": "/tok"})
    assert [sink.kind for sink in settings.sinks] == ["heapwatch", "graphite", "file"]
    assert settings.sinks[0].options == {"url": "http://other:7077", "token_file": Path("/tok")}


def test_a_token_may_come_from_the_environment() -> None:
    settings = load(variables={"HEAPWATCH_SERVER": "http://s:1", "HEAPWATCH_TOKEN": "hw_x"})
    assert settings.sinks[0].options == {"url": "http://s:1", "token": "hw_x"}
    assert "hw_x" not in config.show(settings)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("intervall = 3", "unknown setting 'intervall'; known are budget, .*interval"),
        ('interval = "soon"', "interval: 'soon' is not understood: write it like 10s"),
        ("interval = 0.01", "interval: 0.01 s is too often"),
        ('mode = "fast"', "mode: 'fast' is no mode"),
        ('only = "shop"', "only: 'shop' is not a list"),
        ('listen = "here"', "listen: 'here' is no address"),
        ("[budget]\nshare = 2", "share: 2 is no share"),
        ('[budget]\nmax_interval = "5s"', "max_interval is shorter than interval"),
        ('[labels]\nhost = "x"', "label 'host' is given by the agent itself"),
        ("[[sink]]\nkind = 'kafka'", r"\[\[sink\]\] 1: unknown kind 'kafka'; known are heapwatch, graphite"),
        ("[[sink]]\nkind = 'graphite'", "a sink of kind graphite needs address"),
        ("[[sink]]\nkind = 'prometheus'", "a sink of kind prometheus needs url"),
        (
            '[[sink]]\nkind = "sumo"\nurl = "http://x"\ncategory = "a\\u00fc"',
            "cannot stand in an HTTP header",
        ),
        ("[[sink]]\nkind = 'sumo'\nurl = 'http://x'\n[sink.fields]\na = 'b,c'", "no commas"),
        (
            "[[sink]]\nkind = 'prometheus'\nurl = 'http://x'\n[sink.headers]\n'a b' = 'c'",
            "no name of an HTTP",
        ),
        ("[[sink]]\nkind = 'prometheus'\nurl = 'http://x'\ntop = -1", "-1 is not a count"),
        ("[[sink]]\nkind = 'stdout'\ncolour = 'red'", "unknown setting 'colour'"),
        ("[[sink]]\nkind = 'stdout'\n[[sink]]\nkind = 'stdout'", "two sinks are called 'stdout'"),
        ('[class_names]\n"(" = "x"', "bad rule for class names"),
        ("host = ", "agent.toml"),
    ],
)
def test_a_mistake_is_one_line_that_names_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        load(text, tmp_path)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.toml: No such file"):
        config.load(tmp_path / "missing.toml", {}, {})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("500ms", 0.5), ("1.5m", 90), ("2h", 7200), (3, 3), ("7", 7), ("1d", 86400)],
)
def test_durations(text: object, seconds: float) -> None:
    assert units.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 fortnight", "1e400", True, None, "nan"])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(UsageError):
        units.seconds(text)


@pytest.mark.parametrize(
    ("text", "size"), [("64MB", 64_000_000), ("2GiB", 2 << 30), (5, 5), ("1.5 kB", 1500)]
)
def test_sizes(text: object, size: int) -> None:
    assert units.size(text) == size


@pytest.mark.parametrize(
    ("text", "address"), [("127.0.0.1:7078", ("127.0.0.1", 7078)), ("[::1]:80", ("::1", 80)), ("h", ("h", 9))]
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert units.address(text, 9) == address


@pytest.mark.parametrize("text", ["", ":80", "a:b", "a:70000", "[::1]:", "a:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError):
        units.address(text)


def test_log_files_are_tables_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(
        'gc_logs = true\n[[tail]]\npath = "/var/log/shop/*.log"\njvm = "shop"\ncategory = "app"\n'
        'first_line = "^#"\nencoding = "latin1"\nfrom = "beginning"\nrate = "2MB"\nmax_lag = "1MiB"\n'
        '[[tail]]\npath = "relative.log"\n'
    )
    settings = config.load(file, {}, {})
    one, other = settings.tails
    assert settings.gc_logs
    assert (one.path, one.jvm, one.category) == ("/var/log/shop/*.log", "shop", "app")
    assert one.first_line is not None
    assert one.first_line.search("# 1")
    assert (one.encoding, one.from_beginning, one.rate, one.lag) == ("iso8859-1", True, 2_000_000, 1 << 20)
    assert other.path == str(Path("relative.log").absolute())
    assert "tail /var/log/shop/*.log: jvm = shop" in config.show(settings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[tail]]\n", "needs path"),
        ('[[tail]]\npath = "a"\nfirst_line = "("\n', "is no pattern"),
        ('[[tail]]\npath = "a"\nencoding = "klingon"\n', "is no encoding"),
        ('[[tail]]\npath = "a"\nfrom = "middle"\n', "is no place to begin"),
        ('[[tail]]\npath = "a"\ncategry = "x"\n', "unknown setting 'categry'"),
        ("tail = 1\n", "written as"),
    ],
)
def test_a_mistake_in_a_tail_names_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=told):
        config.load(file, {}, {})
