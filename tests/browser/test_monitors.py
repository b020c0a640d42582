"""Monitors on the screen: all of them, one with its groups, and when it would have fired."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server, serving
from .test_screens import look

RULES = """
monitors:
  - {name: load, kind: query, query: metric=load | max by host, every: 1s, delay: 0s, window: 10m,
     critical: {above: 90}}
"""


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Server]:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    for server in serving(tmp_path / "data", "--monitors", str(rules)):
        lines = f'load{{host="web1"}} 95 {int(time.time() * 1000)}\n'
        urllib.request.urlopen(
            urllib.request.Request(f"{server.url}/api/v1/import/prometheus", lines.encode())
        ).close()
        yield server


def test_a_monitor_fires_is_tried_on_the_past_and_silenced(
    page: Page, watching: Server, shoot: Callable[[Page, str], None]
) -> None:
    def ready(page: Page) -> None:
        expect(page.get_by_role("table", name="Monitors")).to_contain_text("critical", timeout=20_000)

    look(page, f"{watching.url}/monitors?from=-2m", ready, "monitors", shoot)
    page.get_by_role("link", name="load").press("Enter")
    expect(page.get_by_role("table", name="Groups")).to_contain_text("web1")
    expect(page.get_by_role("table", name="Changes")).to_contain_text("critical")
    page.get_by_role("button", name="Try it on this time").press("Enter")
    expect(page.get_by_role("status").filter(has_text="fired")).to_contain_text("fired once", timeout=20_000)
    page.get_by_role("button", name="Silence for an hour").press("Enter")
    page.get_by_role("button", name="End the silence of load").press("Enter")
    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()
