"""Monitors on the screen: all of them, one with what it looks at, when it would have fired, and silences."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server, serving
from .test_jvm import chart
from .test_screens import EVERY_RULE, grave, look

IN_ORDER = True
RULES = """
monitors:
  - {name: load, kind: query, query: metric=load | max by host, every: 1s, delay: 0s, window: 10m,
     warning: {above: 80}, critical: {above: 90, until: 70}}
  - {name: many, kind: query, query: metric=load | max by host, every: 1s, delay: 0s, groups: 1,
     critical: {above: 99}}
  - {name: silent, kind: missing, of: hosts, every: 1s, critical: 5m}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "rules.yml"
    path.write_text(RULES)
    return path


@pytest.fixture(scope="module")
def watching(rules: Path) -> Iterator[Server]:
    for server in serving(rules.parent / "data", "--monitors", str(rules)):
        now = int(time.time() * 1000)
        lines = [
            f'load{{host="{host}"}} {load} {now - (56 - step) * 2000}\n'
            for step in range(56)
            for host, load in (("web1", 40 + step), ("web2", 5))
        ]
        post(server, "api/v1/import/prometheus", "".join(lines))
        until_so(server, {"load": "critical", "many": "error"})
        yield server


def until_so(server: Server, states: dict[str, str]) -> None:
    """A page that is opened earlier asks again when there is news, but seldom without."""
    end = time.monotonic() + 60
    while (
        not states.items()
        <= {each["name"]: each["state"] for each in server.get("monitors")["monitors"]}.items()
    ):
        assert time.monotonic() < end, server.get("monitors")
        time.sleep(0.05)


def post(server: Server, path: str, body: str = "") -> None:
    urllib.request.urlopen(
        urllib.request.Request(f"{server.url}/{path}", body.encode(), method="POST")
    ).close()


def silenced(page: Page, button: str, length: str, note: str) -> None:
    """By keys alone."""
    page.get_by_role("button", name=button, exact=True).press("Enter")
    dialog = page.get_by_role("dialog", name="Silence load")
    dialog.get_by_role("combobox", name="For").select_option(length)
    dialog.get_by_role("textbox", name="Note").fill(note)
    dialog.get_by_role("button", name="Silence").press("Enter")
    expect(dialog).to_be_hidden()


def test_a_monitor_fires_is_tried_on_the_past_and_silenced(
    page: Page, watching: Server, shoot: Callable[[Page, str], None]
) -> None:
    def listed(page: Page) -> None:
        for name, state in (("load", "critical"), ("many", "error")):
            link = page.get_by_role("link", name=name, exact=True)
            expect(page.get_by_role("row").filter(has=link)).to_contain_text(state)

    look(page, f"{watching.url}/monitors?from=-3m", listed, "monitors", shoot)

    def shown(page: Page) -> None:
        expect(page.get_by_role("table", name="Groups")).to_contain_text("web1")
        seen = chart(page, "What it looks at")
        expect(seen.locator("canvas")).to_be_visible()
        mark = "critical: web1: 95 is above 90 at some time in 10m"
        expect(
            seen.locator(".mark[data-kind=critical]").and_(seen.get_by_role("img", name=mark))
        ).to_be_attached()
        for bound in ("critical above 90", "no more critical at 70", "warning above 80"):
            expect(seen.locator(".legend")).to_contain_text(bound)
        expect(page.get_by_role("img", name="ok, critical")).to_be_visible()
        page.get_by_role("button", name="Try it on this time").press("Enter")
        expect(page.get_by_role("status").filter(has_text="fired")).to_contain_text("fired 2 times")
        expect(seen.get_by_role("img", name="would fire: critical, web1: 91 is above 90")).to_be_attached()

    look(page, f"{watching.url}/monitors/load?from=-3m", shown, "monitor", shoot)

    silences = page.get_by_role("table", name="Silences")
    silenced(page, "Silence", "1w", "a new disk")
    row = silences.get_by_role("row").filter(has_text="a new disk")
    expect(row).to_contain_text("all")
    assert 0 < left_days(watching, "a new disk") - 6.9 < 0.2
    row.get_by_role("button", name="End the silence of load").press("Enter")
    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)

    page.get_by_role("button", name="Silence web2").press("Enter")
    dialog = page.get_by_role("dialog", name="Silence load: web2")
    dialog.get_by_role("combobox", name="For").select_option("until")
    dialog.get_by_role("textbox", name="Until").fill("2020-01-01T10:00")
    expect(dialog.get_by_role("alert")).to_contain_text("still to come")
    expect(dialog.get_by_role("button", name="Silence")).to_be_disabled()
    dialog.get_by_role("textbox", name="Until").fill(
        time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + 2 * 86_400))
    )
    assert grave(page, EVERY_RULE) == []
    dialog.get_by_role("button", name="Silence").press("Enter")
    expect(silences).to_contain_text("web2")
    assert 1.9 < left_days(watching, "") < 2.1


def left_days(server: Server, note: str) -> float:
    (one,) = [each for each in server.get("monitors/silences")["silences"] if each["note"] == note]
    return (float(one["ends"]) / 1000 - time.time()) / 86_400


def test_what_goes_wrong_is_said_where_one_looks(
    page: Page, watching: Server, expected_errors: list[str]
) -> None:
    page.goto(f"{watching.url}/monitors/many?from=-3m")
    expect(page.get_by_role("alert")).to_contain_text("2 groups are more than 1: group by fewer labels")
    expect(page.get_by_role("table", name="Groups")).to_contain_text("error")
    assert grave(page, EVERY_RULE) == []
    expected_errors.append("404")
    page.goto(f"{watching.url}/monitors/nobody")
    expect(page.get_by_role("alert").first).to_contain_text("there is no monitor 'nobody'")


def test_where_nothing_is_watched_a_file_to_begin_with_is_shown(
    page: Page, watching: Server, rules: Path
) -> None:
    rules.write_text("monitors: []\n")
    post(watching, "-/reload")
    page.goto(f"{watching.url}/monitors")
    expect(page.get_by_text("No monitor is in")).to_contain_text("rules.yml")
    expect(page.get_by_label("A file of monitors")).to_contain_text("kind: exhaustion")
    expect(page.get_by_text("heapwatch monitor check FILE")).to_be_visible()
    assert grave(page, EVERY_RULE) == []
