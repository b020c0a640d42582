"""Every screen, light and dark: nothing that hinders anybody, and a picture for the documentation."""

from __future__ import annotations

import json
from collections.abc import Callable

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


def missing(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")


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
    "agents": ("/status", status),
    "keys": ("/", keys),
    "not-found": ("/nope", missing),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_hinders_nobody(
    page: Page, fleet: Server, name: str, shoot: Callable[[Page, str], None], expected_errors: list[str]
) -> None:
    path, prepare = SCREENS[name]
    if name == "not-found":
        expected_errors.append("404")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(fleet.url + path)
    prepare(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        shoot(page, f"{name}-{scheme}")
        assert grave(page) == [], scheme


def grave(page: Page) -> list[str]:
    """What axe calls serious or critical, with where it is."""
    return [
        json.dumps(
            {
                "rule": one["id"],
                "help": one["help"],
                "where": [node["html"][:160] for node in one["nodes"][:3]],
            }
        )
        for one in Axe().run(page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
