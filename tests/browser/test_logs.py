"""Messages: found, counted by time, unfolded, reduced to their kinds, and followed as they come in."""

from __future__ import annotations

import re
import time
import urllib.request
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Locator, Page, expect

from .conftest import Server
from .test_jvm import chart, drag


def logs(query: str, more: str = "") -> str:
    return f"/logs?q={quote(query)}{more}"


def messages(page: Page) -> Locator:
    return page.get_by_role("list", name="Messages").get_by_role("listitem")


def write(server: Server, text: str, **where: str) -> None:
    address = f"{server.url}/api/v1/logs?" + "&".join(f"{name}={value}" for name, value in where.items())
    request = urllib.request.Request(address, text.encode(), {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status < 300


def test_messages_are_found_and_a_stack_trace_unfolds(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + logs("OutOfMemoryError"))
    expect(messages(page)).to_have_count(1)
    expect(messages(page)).to_contain_text(re.compile(r"error.*memleak2.*Java heap space.*\+6 lines"))
    page.get_by_role("group", name=re.compile("^Messages:")).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(messages(page).locator("pre")).to_contain_text("TemporaryFile.scala:26")
    page.keyboard.press("Enter")
    expect(messages(page).locator("pre")).to_have_count(0)


def test_a_field_narrows_the_search_and_takes_itself_back(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + logs("error"))
    page.get_by_role("button", name=re.compile("^Unfold")).first.click()
    page.locator(".field").filter(has_text="host").first.click()
    expect(page.get_by_role("textbox", name="Log query")).to_have_text(re.compile(r"^error host=\w+$"))
    narrowed = page.locator(".used").inner_text()
    page.get_by_role("button", name=re.compile("^Unfold")).first.click()
    page.locator(".field").filter(has_text="host").first.click()
    expect(page.get_by_role("textbox", name="Log query")).to_have_text("error")
    expect(page.locator(".used")).not_to_have_text(narrowed)


def test_counts_over_time_are_brushed_to_zoom(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + logs("memleak2"))
    counts = chart(page, "Messages over time")
    expect(counts.locator("canvas")).to_be_visible()
    before = page.locator(".used").inner_text()
    drag(page, counts, 0.4, 0.6)
    expect(page).to_have_url(re.compile("from=20.*to=20"))
    expect(page.locator(".used")).not_to_have_text(before)
    page.keyboard.press("Escape")
    page.go_back()
    expect(page).not_to_have_url(re.compile("from="))


def test_only_messages_in_sight_are_in_the_document(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + logs("*"))
    expect(page.locator(".used")).to_contain_text("the newest 1,000 below")
    assert 10 < messages(page).count() < 80
    newest = messages(page).first.inner_text()
    expect(messages(page).first).to_have_attribute("aria-setsize", "1000")
    page.get_by_role("group", name=re.compile("^Messages:")).focus()
    page.keyboard.press("End")
    expect(messages(page).last).to_have_attribute("aria-posinset", "1000")
    page.get_by_role("button", name="Wrap lines").click()
    page.get_by_role("button", name="Oldest first").click()
    expect(messages(page).first).not_to_have_text(newest)


def test_signatures_show_what_is_rare(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + logs("host=memleak*", "&view=signatures"))
    table = page.get_by_role("grid", name="Signatures")
    expect(table).to_contain_text("saved file-*.bin in * ms")
    expect(table.locator("svg.spark").first).to_be_visible()
    table.get_by_role("button", name="Messages").click()
    expect(table.locator("tbody tr").first).to_contain_text("1")
    table.get_by_role("link", name=re.compile("OutOfMemoryError")).click()
    expect(messages(page)).to_have_count(1)


def test_an_aggregation_is_a_table_and_over_time_a_chart(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + logs('saved | parse "in * ms" as took | count, avg(took) by host'))
    table = page.get_by_role("grid", name="Result")
    expect(table).to_have_attribute("aria-rowcount", "4")
    expect(table.get_by_role("columnheader", name="_count")).to_be_visible()
    page.goto(fleet.url + logs("saved | timeslice 5m | count by _timeslice, host"))
    curves = chart(page, "Result over time")
    expect(curves.locator(".legend").get_by_role("button")).to_have_count(3)
    page.get_by_role("button", name="Columns").click()
    expect(page).to_have_url(re.compile("as=bar"))


def test_an_error_in_a_search_is_under_its_word(
    page: Page, fleet: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("400")
    page.goto(fleet.url + logs("error | cuont by host"))
    expect(page.get_by_role("alert")).to_contain_text("count")
    expect(page.locator(".cm-lintRange-error")).to_have_text("cuont")


def test_new_messages_are_followed(page: Page, crowded: Server) -> None:
    mark = f"follow{int(time.time())}"
    page.goto(crowded.url + logs(mark, "&follow=1"))
    expect(page.get_by_role("status").filter(has_text="Following")).to_be_visible()
    write(crowded, f"2026 ERROR {mark} first\n", host="tail1", jvm="tailed")
    expect(messages(page)).to_have_count(1)
    write(crowded, f"2026 INFO {mark} second\n", host="tail1", jvm="tailed")
    expect(messages(page)).to_have_count(2)
    expect(messages(page).first).to_contain_text("second")
    page.get_by_role("button", name="Stop following").click()
    assert "follow" not in parse_qs(urlsplit(page.url).query)
    expect(messages(page)).to_have_count(2)


def test_nothing_found_says_so(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + logs("nobodyeverwrotethis"))
    expect(page.get_by_text("No message matches in this range.")).to_be_visible()
