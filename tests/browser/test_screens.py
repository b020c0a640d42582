"""Every screen, light and dark: nothing that hinders anybody, and a picture for the documentation."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import Server
from .test_jvm import chart, drag, first_row


def fleet_list(page: Page) -> None:
    expect(page.get_by_role("grid", name="JVMs")).to_have_attribute("aria-rowcount", "11")


def fleet_groups(page: Page) -> None:
    expect(page.locator(".group canvas").first).to_be_visible()


def jvm(page: Page) -> None:
    expect(first_row(page)).to_contain_text("byte[]")
    expect(chart(page, "Threads").locator("canvas")).to_be_attached()


def compared(page: Page) -> None:
    jvm(page)
    drag(page, chart(page, "Total shallow bytes"), 0.25, 0.55)
    expect(page.get_by_role("heading", name="Difference over the selection")).to_be_visible()
    expect(page.locator(".table-box")).to_have_attribute("data-outdated", "false")
    box = chart(page, "Top classes, shallow bytes").locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60)
    expect(page.locator(".tooltip")).to_be_visible()


def packages(page: Page) -> None:
    tree = page.get_by_role("treegrid", name="Packages")
    tree.get_by_role("button", name="Unfold akka").click()
    expect(tree.locator("tr[aria-level='2']").first).to_be_visible()


def treemap(page: Page) -> None:
    expect(
        page.get_by_role("group", name="Packages by shallow bytes").get_by_role("button").first
    ).to_be_visible()


def metrics(page: Page) -> None:
    jvm(page)
    chart(page, "Heap").scroll_into_view_if_needed()
    page.locator(".panels").evaluate("panels => panels.scrollIntoView()")


def class_page(page: Page) -> None:
    expect(chart(page, "Instances").locator("canvas")).to_be_visible()
    expect(page.get_by_role("grid", name="Where it is")).to_contain_text("memleak1")


def class_search(page: Page) -> None:
    expect(page.get_by_role("grid", name="Class names")).to_contain_text("byte[]")


def status(page: Page) -> None:
    expect(page.get_by_text("agent:memleak1:2101")).to_be_visible()


def keys(page: Page) -> None:
    fleet_list(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def explored(page: Page) -> None:
    expect(page.locator(".cm-content")).to_be_visible()
    expect(chart(page, "Answer").locator(".legend .behind")).to_be_visible()
    expect(chart(page, "Answer").locator(".mark").first).to_be_attached()


def proposed(page: Page) -> None:
    page.get_by_role("textbox", name="Metric query").click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("listbox", name="Completions").get_by_role("option").first).to_be_visible()


def refused(page: Page) -> None:
    expect(page.get_by_role("alert")).to_contain_text("did you mean sum?")
    expect(page.locator(".cm-lintRange-error")).to_be_visible()


def explained(page: Page) -> None:
    explored(page)
    page.get_by_role("button", name="Explain").click()
    drag(page, chart(page, "Answer"), 0.45, 0.85)
    expect(page.get_by_role("region", name="What came with it")).to_contain_text("OutOfMemoryError")


def found(page: Page) -> None:
    expect(page.locator(".cm-content")).to_be_visible()
    expect(chart(page, "Messages over time").locator("canvas")).to_be_visible()
    page.locator(".messages li").filter(has_text="OutOfMemoryError").get_by_role("button").click()
    expect(page.locator(".messages pre")).to_be_visible()


def reduced(page: Page) -> None:
    expect(page.get_by_role("grid", name="Signatures")).to_contain_text("saved file-*.bin")


def dashboards(page: Page) -> None:
    expect(page.get_by_role("table", name="Dashboards")).to_contain_text("Memory leak")


def leak(page: Page) -> None:
    for title in ("Total memory of memleak3", "Top consumers by count", "Top consumers by bytes"):
        expect(chart(page, title).locator("canvas")).to_be_visible()


def fleet_dashboard(page: Page) -> None:
    expect(page.locator(".stat strong")).to_have_count(3)
    expect(page.locator(".treemap button").first).to_be_visible()


def edited(page: Page) -> None:
    expect(page.get_by_role("textbox", name="Text of the dashboard")).to_contain_text("Memory leak")
    expect(page.locator(".edit-view canvas").first).to_be_visible()


def missing(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")


BY_HOST = "metric=heap.bytes jvm=memleak* | sum by host"
PROVOKED = {"not-found": ["404"], "explore-start": ["400"], "explore-error": ["400"]}
SAME_PAGE = {"jvm-metrics"}
"""Another part of a page that is looked at whole elsewhere."""
MEMLEAK1 = "/jvm?host=memleak1&jvm=memleak1"
SCREENS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "fleet": ("/", fleet_list),
    "fleet-groups": ("/?group=service", fleet_groups),
    "jvm": ("/jvm?host=memleak2&jvm=memleak2&cut=20971520", jvm),
    "jvm-difference": ("/jvm?host=memleak3&jvm=memleak3", compared),
    "jvm-packages": (f"{MEMLEAK1}&view=packages", packages),
    "jvm-treemap": (f"{MEMLEAK1}&view=treemap", treemap),
    "jvm-metrics": (MEMLEAK1, metrics),
    "class": ("/class?class=memleak.Child", class_page),
    "class-pattern": ("/class?class=akka.actor.*", class_page),
    "classes": ("/class", class_search),
    "explore": (f"/explore?q={quote(BY_HOST)}&behind=error", explored),
    "explore-start": ("/explore?q=metric%3Dheap.bytes%20%7C%20", proposed),
    "explore-error": ("/explore?q=metric%3Dheap.bytes%20%7C%20smu%20by%20host", refused),
    "explore-explained": (f"/explore?q={quote(BY_HOST)}&behind=error", explained),
    "logs": ("/logs?q=error%20OR%20warn", found),
    "logs-signatures": ("/logs?q=host%3Dmemleak*&view=signatures", reduced),
    "dashboards": ("/dashboards", dashboards),
    "dashboard-memory-leak": ("/dashboards/memory-leak", leak),
    "dashboard-fleet": ("/dashboards/fleet", fleet_dashboard),
    "dashboard-edit": ("/dashboards/memory-leak?edit=1", edited),
    "agents": ("/doors", status),
    "keys": ("/", keys),
    "not-found": ("/nope", missing),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_hinders_nobody(
    page: Page, fleet: Server, name: str, shoot: Callable[[Page, str], None], expected_errors: list[str]
) -> None:
    path, prepare = SCREENS[name]
    expected_errors += PROVOKED.get(name, [])
    look(page, fleet.url + path, prepare, name, shoot)


def look(
    page: Page, url: str, prepare: Callable[[Page], None], name: str, shoot: Callable[[Page, str], None]
) -> None:
    """In both schemes: a picture, and what axe finds."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(url)
    prepare(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        shoot(page, f"{name}-{scheme}")
        if name not in SAME_PAGE:
            assert grave(page, EVERY_RULE if scheme == "light" else COLOURS) == [], scheme


EVERY_RULE: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
COLOURS: dict[str, Any] = {**EVERY_RULE, "runOnly": ["color-contrast"]}
"""All that a scheme changes."""
ALIKE = {"exclude": [["tbody tr:nth-child(n + 7)"], [".messages li:nth-child(n + 7)"]]}
"""Rows of one table are made by one function: the first ones are looked at."""


def grave(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe calls serious or critical, with where it is."""
    return [
        json.dumps(
            {
                "rule": one["id"],
                "help": one["help"],
                "where": [node["html"][:160] for node in one["nodes"][:3]],
            }
        )
        for one in Axe().run(page, context=ALIKE, options=rules).response["violations"]
        if one["impact"] in ("serious", "critical") and not scrolled_by_its_editor(one)
    ]


def scrolled_by_its_editor(one: dict[str, Any]) -> bool:
    """Arrow keys in the editor walk through its proposals; axe knows that of comboboxes only."""
    proposals = all('role="listbox"' in node["html"] and "cm-ac-" in node["html"] for node in one["nodes"])
    return one["id"] == "scrollable-region-focusable" and proposals
