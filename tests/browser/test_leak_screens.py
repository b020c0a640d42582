"""Every screen about leaks in light and dark: a picture for the documentation, and nothing that hinders."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server
from .test_jvm import chart, first_row
from .test_leaks import leak_of, rows
from .test_screens import look
from .test_verify import CURVES


def leaks(page: Page) -> None:
    expect(rows(page)).to_have_count(2)
    expect(page.locator("svg.mini path")).to_have_count(4)
    page.get_by_text("1 JVM cannot be judged yet").click()
    expect(page.locator(".reasons")).to_contain_text("edge1")


def one_leak(page: Page) -> None:
    expect(chart(page, "Instances of the class").locator("canvas")).to_be_visible()
    expect(chart(page, "Instances of the class").locator(".mark").first).to_be_attached()


def fixed(page: Page) -> None:
    one_leak(page)
    expect(page.get_by_role("region", name="Proof")).to_contain_text("fixed")


def acknowledging(page: Page) -> None:
    one_leak(page)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("dialog").get_by_role("textbox", name="Note")).to_be_focused()


def nothing(page: Page) -> None:
    expect(page.get_by_role("heading", name="No leak has stopped by itself")).to_be_visible()


def verified(page: Page) -> None:
    legend = chart(page, CURVES).locator(".legend")
    expect(legend.get_by_role("button", name=re.compile("after · orders3"))).to_be_visible()


def not_verified(page: Page) -> None:
    legend = chart(page, CURVES).locator(".legend")
    expect(legend.get_by_role("button", name=re.compile("after · story3"))).to_be_visible()


def judged_fleet(page: Page) -> None:
    expect(page.get_by_role("list", name="Leaks on many hosts")).to_contain_text("story")
    expect(page.get_by_role("grid", name="JVMs")).to_contain_text("undecided")


def suspected_jvm(page: Page) -> None:
    expect(page.get_by_role("region", name="Leaks of this JVM")).to_contain_text("leaking")
    expect(first_row(page)).to_contain_text("byte[]")


def suspected_class(page: Page) -> None:
    expect(page.locator(".in-leak")).to_contain_text("Grows with")
    expect(chart(page, "Instances").locator(".mark").first).to_be_attached()


LEAK_SCREENS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "leaks": ("/leaks", leaks),
    "leaks-none": ("/leaks?state=stopped", nothing),
    "leak": ("/leaks/{story}", one_leak),
    "leak-fixed": ("/leaks/{orders}", fixed),
    "leak-acknowledge": ("/leaks/{report}", acknowledging),
    "verify": ("/verify?service=orders", verified),
    "verify-times": ("/verify?service=story&from=-54m", not_verified),
    "leaks-fleet": ("/", judged_fleet),
    "leaks-jvm": ("/jvm?host=story1&jvm=story", suspected_jvm),
    "leaks-class": ("/class?class=memleak.Piece", suspected_class),
}
"""Of the scene of story.py; the names of its services stand for the ids of their leaks."""


@pytest.mark.parametrize("name", LEAK_SCREENS)
def test_a_screen_about_leaks_hinders_nobody(
    page: Page, leaking: Server, name: str, shoot: Callable[[Page, str], None]
) -> None:
    path, prepare = LEAK_SCREENS[name]
    ids = {service: leak_of(leaking, service)["id"] for service in ("story", "orders", "report")}
    look(page, leaking.url + path.format(**ids), prepare, name, shoot)
