"""Dashboards: the built-in ones on real data, and one's own from the first text to its deletion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from heapwatch.web.dashboards.shelf import BUILT_IN

from . import scene
from .conftest import Server
from .test_jvm import chart

LEAK = "/dashboards/memory-leak"
MINE = """\
title: Mine
variables:
  - {name: host, title: Host, kind: label, label: host, many: true, default: "*"}
panels:
  - title: Heap of $host
    query: metric=heap.bytes host=$host | sum by host
    unit: bytes
  - title: Errors
    logs: error | count by host
    chart: table
"""


def rewrite(page: Page, text: str) -> None:
    """Put this text in place of what the editor has, as a person would."""
    page.get_by_role("textbox", name="Text of the dashboard").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


@pytest.fixture
def own(fleet: Server) -> Iterator[Path]:
    """The folder of one's own dashboards, empty again afterwards."""
    folder = fleet.data / "dashboards"
    yield folder
    for path in folder.glob("*.yaml"):
        path.unlink()


@pytest.mark.parametrize("name", sorted(path.stem for path in BUILT_IN.glob("*.yaml")))
def test_every_panel_of_a_built_in_dashboard_shows_something(page: Page, fleet: Server, name: str) -> None:
    page.goto(f"{fleet.url}/dashboards/{name}")
    panels = page.locator(".panel")
    expect(panels.first).to_be_visible()
    for number in range(panels.count()):
        panel = panels.nth(number)
        panel.scroll_into_view_if_needed()
        shown = panel.locator("canvas, .stat strong, .treemap button, tbody tr[aria-rowindex]")
        expect(shown.first).to_be_visible()
        expect(panel.locator(".told.bad")).to_have_count(0)


def test_the_story_is_told_by_its_figures(page: Page, fleet: Server) -> None:
    """Figures 2 to 7: the total against the limit, top consumers, the fleet, one class, and the fix."""
    page.goto(fleet.url + LEAK)
    total = chart(page, "Total memory of memleak3")
    expect(total.locator(".legend")).to_contain_text(re.compile(r"heap limit\s*800 MiB"))
    expect(chart(page, "Top consumers by count").locator(".legend")).to_contain_text("byte[]")
    giants = chart(page, "Top consumers by bytes").locator(".legend")
    expect(giants).to_contain_text("RedBlackTree$Tree")
    expect(giants).not_to_contain_text("byte[]")
    chart(page, "akka.actor. over the fleet").scroll_into_view_if_needed()
    for host in ("memleak1", "memleak2", "memleak3"):
        expect(chart(page, "akka.actor. over the fleet").locator(".legend")).to_contain_text(host)
        expect(chart(page, "akka.actor.*Child* by host").locator(".legend")).to_contain_text(host)
    balance = chart(page, "Births less deaths of akka.actor.*Child*")
    balance.scroll_into_view_if_needed()
    expect(balance.locator(".legend")).to_contain_text("memleak3")
    expect(total.locator(".mark[data-kind='oom']")).to_be_attached()


def test_a_variable_is_chosen_and_stands_in_the_address(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + LEAK)
    expect(chart(page, "Total memory of memleak3").locator("canvas")).to_be_visible()
    page.get_by_label("Host", exact=True).fill("memleak1")
    expect(page).to_have_url(re.compile("v.host=memleak1"))
    expect(chart(page, "Total memory of memleak1").locator("canvas")).to_be_visible()
    page.reload()
    expect(chart(page, "Total memory of memleak1").locator("canvas")).to_be_visible()
    page.get_by_label("Leave out from").select_option("20000000")
    expect(chart(page, "Top consumers by bytes").locator("canvas")).to_be_visible()


def test_fleet_and_jvm_lead_to_the_story(page: Page, fleet: Server) -> None:
    page.goto(fleet.url)
    page.get_by_role("link", name="Memory leak dashboard").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Memory leak")
    page.goto(f"{fleet.url}/jvm?host=memleak2&jvm=memleak2")
    page.get_by_role("link", name="Memory leak dashboard").click()
    expect(chart(page, "Total memory of memleak2").locator("canvas")).to_be_visible()


def test_a_panel_stands_alone_and_the_dashboard_fills_the_screen(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + LEAK)
    page.get_by_role("button", name="Alone: Top consumers by count").click()
    expect(page.locator(".panel")).to_have_count(1)
    page.get_by_role("button", name="All panels").click()
    expect(page.locator(".panel")).to_have_count(8)
    page.goto(f"{fleet.url}{LEAK}?full=1")
    expect(page.locator("header.top")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("header.top")).to_be_visible()
    page.get_by_role("button", name="Total memory by host in the whole window").click()
    assert chart(page, "Total memory by host").bounding_box() == {
        "x": 0,
        "y": 0,
        "width": 1440,
        "height": 900,
    }
    page.keyboard.press("Escape")
    expect(page.locator(".chart.large")).to_have_count(0)


def test_one_is_made_edited_with_faults_in_their_lines_and_deleted(
    page: Page, fleet: Server, own: Path
) -> None:
    page.goto(f"{fleet.url}/dashboards")
    page.get_by_role("button", name="New dashboard").click()
    page.get_by_role("dialog", name="New dashboard").get_by_label("Title").fill("My shop")
    page.get_by_role("button", name="Make it").click()
    text = page.get_by_role("textbox", name="Text of the dashboard")
    expect(text).to_contain_text("My shop")
    rewrite(page, MINE.replace("unit: bytes", "unit: byte"))
    faults = page.get_by_role("status", name="Faults")
    expect(faults).to_contain_text(re.compile(r"line 7 .*unit"))
    expect(page.locator(".cm-lintRange-error")).to_have_text("byte")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    rewrite(page, MINE)
    expect(faults).to_contain_text("No fault.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine")
    assert (own / "my-shop.yaml").read_text() == MINE
    expect(chart(page, "Heap of all").locator("canvas")).to_be_visible()
    expect(page.get_by_role("grid", name="Errors")).to_contain_text("web1")

    page.get_by_role("button", name="Host: all").click()
    page.get_by_role("checkbox", name="web1").check()
    page.get_by_role("checkbox", name="web2").check()
    page.keyboard.press("Escape")
    expect(chart(page, "Heap of web1, web2").locator(".legend").get_by_role("button")).to_have_count(2)

    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("table", name="Dashboards")).not_to_contain_text("Mine")
    assert list(own.glob("*.yaml")) == []


def test_a_file_is_imported_copied_and_exported(
    page: Page, fleet: Server, own: Path, tmp_path: Path, expected_errors: list[str]
) -> None:
    (tmp_path / "shop.yaml").write_text(MINE)
    (tmp_path / "broken.yaml").write_text(MINE.replace("query:", "qeury:"))
    page.goto(f"{fleet.url}/dashboards")
    page.get_by_label("Files to import").set_input_files(tmp_path / "shop.yaml")
    expect(page.get_by_role("status")).to_have_text("Imported shop.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export Mine").click()
    assert download.value.suggested_filename == "shop.yaml"
    assert download.value.path().read_text() == MINE
    page.get_by_role("button", name="Copy Memory leak").click()
    page.get_by_role("dialog").get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Memory leak (copy)")
    expected_errors.append("422")
    page.goto(f"{fleet.url}/dashboards")
    page.get_by_label("Files to import").set_input_files(tmp_path / "broken.yaml")
    expect(page.get_by_role("alert")).to_contain_text("broken.yaml: line 6: unknown word `qeury`")


def test_two_who_edit_at_once_lose_nothing(
    page: Page, fleet: Server, own: Path, expected_errors: list[str]
) -> None:
    own.mkdir(exist_ok=True)
    (own / "both.yaml").write_text(MINE)
    page.goto(f"{fleet.url}/dashboards/both?edit=1")
    text = page.get_by_role("textbox", name="Text of the dashboard")
    expect(text).to_contain_text("Mine")
    (own / "both.yaml").write_text(MINE.replace("Mine", "Hers"))
    rewrite(page, MINE.replace("Mine", "His"))
    expected_errors.append("409")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("changed meanwhile")
    assert "Hers" in (own / "both.yaml").read_text()


def test_a_query_of_the_explorer_becomes_a_panel(page: Page, fleet: Server, own: Path) -> None:
    page.goto(f"{fleet.url}/explore?q=metric%3Djvm.threads.live+%7C+sum+by+host")
    page.get_by_role("button", name="Save to dashboard").click()
    dialog = page.get_by_role("dialog", name="Save to a dashboard")
    dialog.get_by_label("Title of the chart").fill("Threads")
    dialog.get_by_label("Title of the dashboard").fill("Fresh")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_role("link", name="Fresh").click()
    expect(chart(page, "Threads").locator("canvas")).to_be_visible()
    assert "metric=jvm.threads.live | sum by host" in (own / "fresh.yaml").read_text()


def test_new_samples_move_a_dashboard_without_a_reload(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}{LEAK}?v.host=memleak1&from=-15m")
    newest = chart(page, "Total memory of memleak1").locator(".legend .value").first
    expect(newest).to_have_text(re.compile("MiB"))
    before = newest.inner_text()
    page.evaluate("window.untouched = true")
    # The agents of the scene send a histogram of their own every 20 s; the leak has no pause.
    expect(newest).not_to_have_text(before, timeout=90_000)
    assert page.evaluate("window.untouched") is True


def test_an_unknown_dashboard_is_said_to_be_unknown(
    page: Page, fleet: Server, expected_errors: list[str]
) -> None:
    expected_errors += ["404"]
    page.goto(f"{fleet.url}/dashboards/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no dashboard nowhere")


def test_hostile_names_stay_text_on_a_dashboard(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/explore?q=metric%3Dheap.bytes+host%3Dmemleak1+class%3D*onerror*+%7C+sum+by+class")
    expect(chart(page, "Answer").locator(".legend")).to_contain_text(scene.HOSTILE)
    assert page.locator("main img").count() == 0
    assert "heapwatch" in page.title()
