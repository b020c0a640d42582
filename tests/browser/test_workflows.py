"""Workflows on the screen: what there is, approvals, a run as it goes, and the switch that stops all."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heapwatch.web.auth import Users
from heapwatch.workflow.records import Records

from .conftest import Server, serving
from .test_screens import EVERY_RULE, grave, look
from .test_signin import PASSWORD, sign_in

IN_ORDER = True

CAREFUL = """
workflow: careful
description: Asks, then does.
on: manual
destructive: allowed
steps:
  - {id: ask, do: approval, with: {text: "Is it a good time?"}}
  - {id: act, do: command, with: {argv: [echo, it is done]}}
"""
REVERSIBLE = """
workflow: reversible
on: manual
destructive: allowed
steps:
  - id: act
    do: command
    with: {argv: [echo, it is done]}
    undo: {do: command, with: {argv: [echo, taken back]}}
  - {id: rest, do: sleep, with: {for: 1h}, when: "labels.host == 'web1'"}
"""
ANNS = """
workflow: anns
on: manual
steps:
  - {id: ask, do: approval, with: {users: [ann]}}
"""
ASKS = """
workflow: asks
on: {every: 1h}
steps: [{id: ask, do: approval}]
"""
NIGHTLY = """
workflow: nightly
on: {cron: "0 3 * * *"}
steps:
  - {id: rest, do: sleep, with: {for: 1s}}
"""


@pytest.fixture(scope="module")
def acting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("acting")
    files = folder / "workflows"
    files.mkdir()
    texts = {"careful": CAREFUL, "reversible": REVERSIBLE, "anns": ANNS, "nightly": NIGHTLY}
    for name, text in texts.items():
        (files / f"{name}.yml").write_text(text)
    flags = ("--workflows", str(files), "--destructive", "allowed")
    for server in serving(folder / "data", *flags):
        posted(server, "workflows/careful/runs", {"labels": {"host": "web1"}})
        yield server


def posted(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/api/v1/{path}", json.dumps(body).encode(), kind)
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


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


def test_a_run_is_tried_dry_and_then_cancelled_and_undone(
    page: Page, acting: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("409")
    state = page.get_by_role("region", name="How it is")
    steps = page.get_by_role("list", name="Steps")
    page.goto(f"{acting.url}/workflows")
    page.get_by_role("button", name="Run reversible now").press("Enter")
    begin = page.get_by_role("dialog", name="Run reversible now")
    expect(begin).to_contain_text("done without asking")
    begin.get_by_role("textbox", name="Labels").fill("host=web2")
    begin.get_by_role("checkbox", name="Dry run").check()
    expect(begin).to_contain_text("Nothing destructive is done.")
    begin.get_by_role("button", name="Run", exact=True).press("Enter")
    expect(state).to_contain_text("succeeded (dry run)")
    steps.get_by_text("Output of act").press("Enter")
    expect(page.get_by_label("Output of act")).to_contain_text("run on the server: echo 'it is done'")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)

    run = posted(acting, "workflows/reversible/runs", {"labels": {"host": "web1"}})["id"]
    page.goto(f"{acting.url}/runs/{run}")
    expect(steps.get_by_role("listitem").filter(has_text="rest")).to_contain_text("running")
    page.get_by_role("button", name="Cancel", exact=True).press("Enter")
    asked = page.get_by_role("dialog", name="Cancel this run of reversible")
    asked.get_by_role("textbox", name="Note").fill("wrong host")
    asked.get_by_role("button", name="Cancel the run").press("Enter")
    expect(state).to_contain_text("cancelled: stopped by anybody")
    page.get_by_role("button", name="Undo").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Undo", exact=True).press("Enter")
    expect(state).to_contain_text("undoes a run")
    expect(state).to_contain_text("succeeded")
    steps.get_by_text("Output of undo_act").press("Enter")
    expect(page.get_by_label("Output of undo_act")).to_contain_text("taken back")

    page.get_by_role("button", name="Undo").press("Enter")
    again = page.get_by_role("dialog")
    again.get_by_role("button", name="Undo", exact=True).press("Enter")
    expect(again.get_by_role("alert")).to_contain_text("did nothing that it knows how to undo")


def test_who_is_not_asked_is_told_so_and_who_comes_too_late_as_well(
    page: Page, acting: Server, expected_errors: list[str]
) -> None:
    expected_errors += ["403", "409"]
    run = posted(acting, "workflows/anns/runs", {"labels": {}})["id"]
    page.goto(f"{acting.url}/runs/{run}")
    asked = page.get_by_role("group", name="Approval of anns")
    expect(asked).to_contain_text("only ann may answer")
    asked.get_by_role("button", name="Approve anns").press("Enter")
    dialog = page.get_by_role("dialog", name="Approve anns")
    dialog.get_by_role("button", name="Approve", exact=True).press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("is for ann to answer")
    dialog.get_by_role("button", name="Cancel", exact=True).press("Enter")

    page.get_by_role("button", name="Cancel", exact=True).press("Enter")
    late = page.get_by_role("dialog", name="Cancel this run of anns")
    posted(acting, f"runs/{run}/cancel", {"note": "first"})
    expect(page.get_by_role("region", name="How it is")).to_contain_text("cancelled")
    late.get_by_role("button", name="Cancel the run").press("Enter")
    expect(late.get_by_role("alert")).to_contain_text("has ended: cancelled")


def test_a_link_to_what_waits_leads_past_the_sign_in_to_the_answer(
    page: Page, tmp_path: Path, expected_errors: list[str]
) -> None:
    expected_errors.append("401")
    Users(tmp_path / "users.json").add("ann", "admin", PASSWORD)
    (tmp_path / "asks.yml").write_text(ASKS)
    for server in serving(tmp_path, "--workflows", str(tmp_path / "asks.yml")):
        place = f"{server.url}/runs/{first_waiting(tmp_path)}"
        page.goto(place)
        sign_in(page)
        asked = page.get_by_role("group", name="Approval of asks")
        expect(asked.get_by_role("button", name="Deny asks")).to_be_visible()
        expect(page).to_have_url(place)
        asked.get_by_role("button", name="Approve asks").press("Enter")
        dialog = page.get_by_role("dialog", name="Approve asks")
        dialog.get_by_role("button", name="Approve", exact=True).press("Enter")
        expect(page.get_by_role("region", name="How it is")).to_contain_text("succeeded")
        expect(page.get_by_role("list", name="Steps")).to_contain_text("user:ann")


def first_waiting(data: Path) -> str:
    """The run that the server has begun by itself, and that asks."""
    deadline = time.monotonic() + 30
    with closing(Records(data / "runs.db")) as kept:
        while not (found := kept.waiting()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return str(found[0]["run"])


def test_without_workflows_it_is_said_what_names_them(page: Page, crowded: Server) -> None:
    page.goto(f"{crowded.url}/workflows")
    expect(page.get_by_text("heapwatch serve --workflows FILE")).to_be_visible()
    expect(page.get_by_label("The shortest workflow")).to_contain_text("jvm.histogram")
