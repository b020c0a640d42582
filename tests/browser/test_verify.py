"""Whether a fix works: two versions, two stretches of time."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from .conftest import Server
from .test_jvm import chart
from .test_leaks import leak_of

CURVES = "Instances since the first histogram of each"
ORDER = "com.acme.orders.Order"


def test_the_newest_two_versions_are_compared_unless_others_are_chosen(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/verify")
    expect(page.get_by_label("Service")).to_have_value("orders")
    expect(page.get_by_role("combobox", name="Before")).to_have_value("2.3")
    expect(page.get_by_role("combobox", name="After")).to_have_value("2.4")
    expect(page.get_by_role("list", name="Outcome")).to_have_text(re.compile(r"^1 fixed$"))
    proof = page.get_by_role("region", name=f"{ORDER}: fixed")
    expect(proof).to_contain_text("It does not grow any more at comparable traffic.")
    balance = proof.get_by_role("row", name=re.compile("^Balance"))
    expect(balance).to_have_text(re.compile(r"Balance\s*0\.0\d\s*(1\.0|0\.9)\d"))
    expect(proof.get_by_role("row", name=re.compile("^Births"))).to_have_text(
        re.compile(r"\d+(\.\d)?/s.*\d+(\.\d)?/s")
    )
    expect(proof).to_contain_text("nothing of the leak is left")
    page.get_by_role("combobox", name="Before").select_option("2.4")
    expect(page).to_have_url(re.compile("before_version=2.4"))
    expect(page.get_by_role("heading", name="There is no other version to compare with")).to_be_visible()


def test_both_sides_are_drawn_from_one_origin(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/verify?service=orders")
    drawn = chart(page, CURVES)
    expect(drawn.locator("canvas")).to_be_visible()
    for line in ("before · orders1", "after · orders3"):
        expect(drawn.locator(".legend").get_by_role("button", name=re.compile(line))).to_be_visible()
    drawn.get_by_role("button", name=re.compile("as a table")).click()
    expect(drawn.locator(".numbers tbody th").last).to_have_text(re.compile(r"^\d+(\.\d)? m?s$"))
    before = page.url
    box = drawn.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 50, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 40, steps=4)
    page.mouse.up()
    assert page.url == before, "there is no range to zoom into"


def test_without_another_version_two_halves_of_the_range_are_compared(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/verify?service=story&from=-54m")
    leak = leak_of(leaking, "story")
    proof = page.get_by_role("region", name=f"{leak['class']}: not fixed")
    expect(proof).to_contain_text("It grows as before.")
    expect(page.get_by_role("list", name="Outcome")).to_contain_text("not fixed")
    page.get_by_role("group", name="Compare").get_by_role("button", name="Versions").click()
    expect(page.get_by_role("heading", name="There is no other version to compare with")).to_be_visible()


def test_stretches_are_typed_and_stand_in_the_address(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/verify?service=story")
    expect(page.get_by_role("button", name="Compare")).to_be_visible()
    page.get_by_label("Before, from").fill("-50m")
    page.get_by_label("Before, to").fill("yesterday")
    page.get_by_label("Before, to").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("“yesterday” is not a time.")
    page.get_by_label("Before, to").fill("-20m")
    page.get_by_label("After, from").fill("-2m")
    page.get_by_label("After, to").fill("now")
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile(r"before_from=\d{13}&before_to=\d{13}&after_from=\d{13}"))
    leak = leak_of(leaking, "story")
    proof = page.get_by_role("region", name=f"{leak['class']}: not enough data")
    expect(proof).to_contain_text(re.compile(r"\d+ more histograms? after the change (is|are) needed"))
    page.reload()
    expect(proof).to_be_visible()


def test_a_leak_leads_to_its_own_proof(page: Page, leaking: Server) -> None:
    leak = leak_of(leaking, "orders")
    page.goto(f"{leaking.url}/leaks/{leak['id']}")
    page.get_by_role("link", name="Verify a fix").click()
    expect(page).to_have_url(re.compile(rf"/verify\?service=orders&class={ORDER}"))
    expect(page.get_by_role("region", name=f"{ORDER}: fixed")).to_be_visible()
    page.get_by_role("button", name=f"only {ORDER}").click()
    expect(page).not_to_have_url(re.compile("class="))


def test_a_leak_that_a_version_brings_is_new(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/verify?service=orders&before_version=2.4&after_version=2.3")
    fresh = page.get_by_role("region", name="New leaks")
    expect(fresh).to_contain_text(ORDER)
    expect(page.get_by_role("list", name="Outcome")).to_contain_text("1 new")


def test_a_server_without_jvms_says_what_is_needed(page: Page, empty: Server) -> None:
    page.goto(f"{empty.url}/verify")
    expect(page.get_by_role("heading", name="No JVM has sent anything yet")).to_be_visible()
