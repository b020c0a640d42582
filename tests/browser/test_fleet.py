"""The first screen: a row a JVM."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from . import scene
from .conftest import CROWD, Server


def names(page: Page) -> list[str]:
    return page.locator("tbody tr[aria-rowindex] a.strong").all_text_contents()


def test_every_jvm_has_a_row_and_the_fastest_growing_is_first(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/?sort=growth_per_hour&order=desc")
    table = page.get_by_role("grid", name="JVMs")
    expect(table).to_have_attribute("aria-rowcount", "11")
    assert names(page)[0] == "memleak2"
    assert set(names(page)) == {service.jvm for service in scene.fleet()}
    row = page.get_by_role("row").filter(has_text="billing-batch")
    expect(row).to_contain_text("exited")
    expect(page.get_by_role("row").filter(has_text="auth-service")).to_contain_text("silent")
    expect(page.get_by_role("row").filter(has=page.get_by_role("link", name="memleak1"))).to_contain_text(
        re.compile(r"\+\d+ MiB/h")
    )
    expect(page.locator(".tally")).to_contain_text(re.compile(r"10 JVMs\s*8 up\s*1 silent\s*1 exited"))


def test_a_column_sorts_on_the_server_and_the_address_remembers(page: Page, fleet: Server) -> None:
    page.goto(fleet.url)
    page.get_by_role("button", name="Host", exact=True).click()
    expect(page).to_have_url(re.compile(r"sort=host&order=asc"))
    expect(page.locator("tbody a.strong").first).to_have_text("auth-service")
    page.get_by_role("button", name=re.compile("^Host")).click()
    expect(page.locator("tbody a.strong").first).to_have_text("shop")
    expect(page.get_by_role("columnheader", name="Host")).to_have_attribute("aria-sort", "descending")
    page.reload()
    expect(page.locator("tbody a.strong").first).to_have_text("shop")


def test_a_filter_finds_by_label_and_says_when_nothing_fits(page: Page, fleet: Server) -> None:
    page.goto(fleet.url)
    page.get_by_role("searchbox", name="Filter JVMs").fill("service=memleak")
    expect(page.get_by_role("grid", name="JVMs")).to_have_attribute("aria-rowcount", "4")
    expect(page).to_have_url(re.compile("filter=service"))
    page.get_by_role("searchbox", name="Filter JVMs").fill("nobody")
    expect(page.get_by_text("No JVM matches “nobody”.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("grid", name="JVMs")).to_have_attribute("aria-rowcount", "11")


def test_the_same_growth_on_several_hosts_shows_once_with_their_curves(page: Page, fleet: Server) -> None:
    page.goto(fleet.url)
    page.get_by_label("Group by").select_option("service")
    group = page.get_by_role("region", name="service memleak")
    expect(group).to_contain_text("3 JVMs")
    # memleak3 got the fix: it has grown, and does no more.
    expect(group).to_contain_text(re.compile(r"2 of 3 still grow, \+\d+ MiB/h to \+\d+ MiB/h"))
    for host in ("memleak1", "memleak2", "memleak3"):
        expect(group.locator(".legend").get_by_role("button", name=re.compile(host))).to_be_visible()
    expect(group.locator("canvas")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Group by")).to_have_value("service")
    expect(page.get_by_role("region", name="service memleak")).to_be_visible()


def test_a_row_leads_to_its_jvm_and_back(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/?from=-15m")
    page.get_by_role("link", name="message-broker").click()
    expect(page).to_have_url(re.compile(r"/jvm\?from=-15m&host=broker1&jvm=message-broker"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("message-broker")
    page.go_back()
    expect(page.get_by_role("grid", name="JVMs")).to_be_visible()


def test_thousands_of_rows_scroll_while_few_are_in_the_page(page: Page, crowded: Server) -> None:
    page.goto(f"{crowded.url}/?sort=host&order=asc&filter=env%3Dtest")
    table = page.get_by_role("grid", name="JVMs")
    expect(table).to_have_attribute("aria-rowcount", str(CROWD + 1))
    box = page.get_by_role("group", name=re.compile("^JVMs:"))
    box.evaluate("box => box.scrollTop = box.scrollHeight / 2")
    expect(table).to_contain_text(f"host-{CROWD // 8:04}")
    box.evaluate("box => box.scrollTop = box.scrollHeight")
    expect(table).to_contain_text(f"host-{CROWD // 4 - 1:04}")
    assert page.locator("tbody tr[aria-rowindex]").count() < 80
    for part in range(8):
        box.evaluate("(box, part) => box.scrollTop = box.scrollHeight * part / 8", part)
    page.get_by_role("searchbox", name="Filter JVMs").fill("host-0007")
    expect(table).to_have_attribute("aria-rowcount", "5")


def test_keys_alone_lead_from_the_filter_to_a_jvm(page: Page, fleet: Server) -> None:
    page.goto(fleet.url)
    expect(page.get_by_role("grid", name="JVMs")).to_have_attribute("aria-rowcount", "11")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Filter JVMs")).to_be_focused()
    page.keyboard.type("shop")
    page.keyboard.press("Enter")
    expect(page.get_by_role("grid", name="JVMs")).to_have_attribute("aria-rowcount", "4")
    page.get_by_role("group", name=re.compile("^JVMs:")).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("tr[data-active=true]")).to_have_attribute("aria-rowindex", "3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("shop")
    page.keyboard.press("f")
    expect(page.get_by_role("grid", name="JVMs")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_light_and_dark_follow_the_system_until_one_is_chosen(page: Page, fleet: Server) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(fleet.url)
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    page.keyboard.press("t")
    expect(html).to_have_attribute("data-theme", "light")
    page.reload()
    expect(html).to_have_attribute("data-theme", "light")
    page.keyboard.press("t")
    page.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-theme", "light")
