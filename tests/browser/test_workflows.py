"""Workflows on the screen: what there is, approvals, a run as it goes, and the switch that stops all."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server, serving
from .test_screens import EVERY_RULE, grave, look

CAREFUL = """
workflow: careful
description: Asks, then does.
on: manual
destructive: allowed
steps:
  - {id: ask, do: approval, with: {text: "Is it a good time?"}}
  - {id: act, do: command, with: {argv: [echo, it is done]}}
"""
NIGHTLY = """
workflow: nightly
on: {cron: "0 3 * * *"}
steps:
  - {id: rest, do: sleep, with: {for: 1s}}
"""


@pytest.fixture
def acting(tmp_path: Path) -> Iterator[Server]:
    files = tmp_path / "workflows"
    files.mkdir()
    (files / "careful.yml").write_text(CAREFUL)
    (files / "nightly.yml").write_text(NIGHTLY)
    for server in serving(tmp_path / "data", "--workflows", str(files)):
        asked = json.dumps({"labels": {"host": "web1"}}).encode()
        urllib.request.urlopen(
            urllib.request.Request(
                f"{server.url}/api/v1/workflows/careful/runs", asked, {"Content-Type": "application/json"}
            )
        ).close()
        yield server


def answered(page: Page, how: str, note: str) -> None:
    """By keys alone."""
    page.get_by_role("button", name=f"{how} careful").press("Enter")
    dialog = page.get_by_role("dialog", name=f"{how} careful")
    expect(dialog.get_by_role("list", name="What will be done")).to_contain_text("it is done")
    dialog.get_by_role("textbox", name="Note").fill(note)
    dialog.get_by_role("button", name=how, exact=True).press("Enter")
    expect(dialog).to_be_hidden()


def test_runs_wait_for_people_and_move_while_one_looks(
    page: Page, acting: Server, shoot: Callable[[Page, str], None]
) -> None:
    def ready(page: Page) -> None:
        expect(page.get_by_role("table", name="Workflows")).to_contain_text("nightly")
        expect(page.get_by_role("group", name="Approval of careful")).to_contain_text("left")
        expect(page.get_by_role("table", name="Runs")).to_contain_text("waits for approval")

    look(page, f"{acting.url}/workflows", ready, "workflows", shoot)
    steps = page.get_by_role("list", name="Steps")
    state = page.get_by_role("region", name="How it is")
    page.get_by_role("group", name="Approval of careful").get_by_role("link", name="careful").press("Enter")
    expect(steps).to_contain_text("Is it a good time?")
    assert grave(page, EVERY_RULE) == []
    answered(page, "Approve", "go on")
    expect(state).to_contain_text("succeeded")
    steps.get_by_text("Output of act").press("Enter")
    expect(page.get_by_label("Output of act")).to_contain_text("it is done")

    page.get_by_role("link", name="All workflows").press("Enter")
    page.get_by_role("button", name="Run careful now").press("Enter")
    begin = page.get_by_role("dialog", name="Run careful now")
    begin.get_by_role("textbox", name="Labels").fill("no pair")
    expect(begin.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    begin.get_by_role("textbox", name="Labels").fill("host=web2")
    begin.get_by_role("button", name="Run", exact=True).press("Enter")
    answered(page, "Deny", "not now")
    expect(state).to_contain_text("denied")

    page.get_by_role("link", name="All workflows").press("Enter")
    runs = page.get_by_role("table", name="Runs").locator("tbody tr")
    expect(runs).to_have_count(2)
    page.get_by_role("combobox", name="State").select_option("denied")
    expect(runs).to_have_count(1)
    expect(runs).to_contain_text("web2")
    assert "state=denied" in page.url

    page.get_by_role("button", name="Stop all").press("Enter")
    page.get_by_role("textbox", name="Note").fill("a release")
    page.get_by_role("dialog").get_by_role("button", name="Stop all").press("Enter")
    stopped = page.get_by_role("status").filter(has_text="All workflows are stopped.")
    expect(stopped).to_contain_text("a release")
    expect(page.get_by_role("button", name="Run careful now")).to_be_disabled()
    stopped.get_by_role("button", name="Let them run again").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Let them run").press("Enter")
    expect(stopped).to_be_hidden()
    expect(page.get_by_role("button", name="Run careful now")).to_be_enabled()


def test_without_workflows_it_is_said_what_names_them(page: Page, crowded: Server) -> None:
    page.goto(f"{crowded.url}/workflows")
    expect(page.get_by_text("heapwatch serve --workflows FILE")).to_be_visible()
    expect(page.get_by_label("The shortest workflow")).to_contain_text("jvm.histogram")
