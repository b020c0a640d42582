"""One JVM: curves, and the difference between two of their moments."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Locator, Page, expect

from . import scene
from .conftest import Server

MEMLEAK1 = "/jvm?host=memleak1&jvm=memleak1"


def chart(page: Page, title: str) -> Locator:
    return page.get_by_role("figure", name=title, exact=True)


def drag(page: Page, figure: Locator, start: float, end: float) -> None:
    """Over a chart's plot, from and to as parts of its width."""
    over = figure.locator(".u-over")
    expect(over).to_be_visible()
    expect(figure).to_have_attribute("aria-busy", "false")  # the limit comes after the curve
    while (box := over.bounding_box()) is None:  # drawn anew at this moment
        expect(over).to_be_visible()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, height, steps=3)
    page.mouse.move(box["x"] + box["width"] * end, height, steps=3)
    page.mouse.up()


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def first_row(page: Page) -> Locator:
    return page.get_by_role("grid", name="Classes").locator("tbody tr[aria-rowindex='2']")


def test_the_total_rises_towards_the_limit_and_the_table_says_what_grew(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + MEMLEAK1)
    total = chart(page, "Total shallow bytes")
    expect(total.locator("canvas")).to_be_visible()
    expect(total.locator(".legend")).to_contain_text(re.compile(r"heap limit\s*800 MiB"))
    expect(page.get_by_role("heading", name="Difference over the range")).to_be_visible()
    expect(first_row(page)).to_contain_text("byte[]")
    expect(first_row(page)).to_contain_text(re.compile(r"\+\d+ MiB"))
    expect(page.get_by_role("columnheader", name="Shallow bytes")).to_be_visible()
    expect(chart(page, "Top classes, shallow bytes").locator(".legend")).to_contain_text("all other classes")


def test_brushing_over_the_total_compares_its_ends(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + MEMLEAK1)
    drag(page, chart(page, "Total shallow bytes"), 0.3, 0.6)
    expect(page.get_by_role("heading", name="Difference over the selection")).to_be_visible()
    before, at = int(query(page)["before"][0]), int(query(page)["at"][0])
    assert 0.2 < (at - before) / 3_600_000 < 0.4
    answer = fleet.get(f"classes?host=memleak1&jvm=memleak1&before={before}&at={at}&sort=delta_bytes&limit=1")
    expect(first_row(page)).to_contain_text(answer["columns"]["class"][0])
    delta = answer["columns"]["delta_bytes"][0]
    expect(first_row(page).locator(".change").nth(1)).to_have_attribute("title", f"+{delta:,} bytes, shallow")
    expect(page.locator(".brushed:visible")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Difference over the selection")).to_be_visible()
    expect(page.locator(".instants time").first).to_have_attribute("title", re.compile("UTC$"))
    page.get_by_role("region", name="Classes").get_by_role("button", name="End selection").click()
    expect(page.get_by_role("heading", name="Difference over the range")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Difference over the selection")).to_be_visible()


def test_a_restart_begins_another_line_and_is_marked(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/jvm?host=memleak2&jvm=memleak2")
    legend = chart(page, "Total shallow bytes").locator(".legend")
    expect(legend.get_by_role("button", name=re.compile("since"))).to_have_count(2)
    mark = chart(page, "Total shallow bytes").locator(".mark[data-kind=oom]")
    expect(mark).to_have_attribute("aria-label", re.compile("oom: java.lang.OutOfMemoryError"))
    expect(page.get_by_role("list", name="Newest events")).to_contain_text("OutOfMemoryError")


def test_dragging_elsewhere_zooms_and_a_double_click_goes_back(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + MEMLEAK1)
    top = chart(page, "Top classes, shallow bytes")
    drag(page, top, 0.4, 0.7)
    expect(page).to_have_url(re.compile(r"from=\d{4}-\d\d-\d\dT"))
    expect(page.get_by_role("button", name="Paused")).to_be_visible()
    top.locator(".u-over").dblclick()
    expect(page).not_to_have_url(re.compile("from="))
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()


def test_giants_are_cut_off_so_that_the_rest_shows(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + MEMLEAK1)
    top = chart(page, "Top classes, shallow bytes")
    expect(top.locator(".legend")).to_contain_text("byte[]")
    top.get_by_label("Leave out above").select_option(str(20 << 20))
    expect(top.locator(".legend")).not_to_contain_text("byte[]")
    expect(top.locator(".legend")).to_contain_text("ActorCell")
    top.get_by_role("button", name="Instances").click()
    expect(chart(page, "Top classes, instances").locator(".legend")).to_contain_text("$colon$colon")


def test_the_table_is_filtered_and_sorted_by_the_server(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + MEMLEAK1)
    page.get_by_role("searchbox", name="Filter classes").fill("akka.actor.*")
    expect(page.locator(".foot")).to_have_text("5 classes")
    page.get_by_role("button", name="Class", exact=True).click()
    expect(first_row(page)).to_contain_text("ActorCell")
    expect(page).to_have_url(re.compile(r"filter=akka.actor.*sort=class&order=asc"))
    page.get_by_role("button", name="One moment").click()
    expect(page.get_by_role("columnheader", name="Per minute")).to_have_count(0)


def test_packages_unfold_and_lead_to_their_classes(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}{MEMLEAK1}&view=packages")
    tree = page.get_by_role("treegrid", name="Packages")
    tree.get_by_role("button", name="Unfold akka").click()
    expect(tree.locator("tr[aria-level='2']").first).to_contain_text("actor")
    tree.get_by_role("button", name="actor", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("^in akka.actor"))).to_be_visible()
    expect(page.locator(".foot")).to_have_text("5 classes")
    page.get_by_role("button", name="Treemap").click()
    expect(
        page.get_by_role("group", name=re.compile("Classes of akka.actor")).get_by_role("button")
    ).to_have_count(5)


def test_the_histogram_can_be_read_as_jmap_prints_it_and_the_table_taken_away(
    page: Page, fleet: Server
) -> None:
    page.goto(fleet.url + MEMLEAK1)
    expect(first_row(page)).to_contain_text("byte[]")
    page.get_by_role("button", name="Histogram text").click()
    expect(page.get_by_label("Histogram text")).to_contain_text(
        re.compile(r"num\s+#instances\s+#bytes\s+class name")
    )
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].split(",")[:6] == ["class", "package", "kind", "rows", "instances", "shallow_bytes"]
    assert lines[1].startswith("byte[],")
    count = fleet.get("classes?host=memleak1&jvm=memleak1&before=-1h&limit=1")["total"]
    assert len(lines) == count + 1


def test_names_from_hostile_programs_stay_text(page: Page, fleet: Server) -> None:
    for path in (
        f"{MEMLEAK1}&filter=onerror",
        f"{MEMLEAK1}&view=treemap",
        f"{MEMLEAK1}&view=packages",
        f"/class?class={quote(scene.HOSTILE)}",
        "/class?match=onerror",
    ):
        page.goto(fleet.url + path)
        expect(
            page.locator("main").get_by_text("onerror").or_(page.get_by_title("onerror")).first
        ).to_be_attached()
        assert page.locator("img").count() == 0
        assert "heapwatch" in page.title()
    page.goto(f"{fleet.url}{MEMLEAK1}&filter=onerror")
    expect(first_row(page).get_by_role("link")).to_have_text(scene.HOSTILE)


def test_a_chart_is_read_and_brushed_by_keys(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + MEMLEAK1)
    total = chart(page, "Total shallow bytes")
    plot = total.get_by_role("group", name=re.compile("Arrow keys"))
    plot.focus()
    page.keyboard.press("End")
    expect(total.locator("p[aria-live]")).to_have_text(re.compile(r"\d\d:\d\d:\d\d: all objects"))
    page.keyboard.press("PageUp")
    for _ in range(3):
        page.keyboard.press("Shift+PageUp")
    expect(page.get_by_role("heading", name="Difference over the selection")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Difference over the range")).to_be_visible()
    expect(total.get_by_role("table", name=re.compile("summary"))).to_contain_text("heap limit")
    total.get_by_role("button", name=re.compile("as a table")).click()
    numbers = total.get_by_role("region", name="Numbers of Total shallow bytes")
    expect(numbers.get_by_role("row")).not_to_have_count(1)


def test_one_crosshair_goes_through_all_charts(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + MEMLEAK1)
    others = ("Top classes, shallow bytes", "Heap", "Threads")
    for title in others:
        expect(chart(page, title).locator("canvas")).to_be_attached()
    box = chart(page, "Total shallow bytes").locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    expect(page.locator(".tooltip")).to_have_count(1)
    expect(page.locator(".tooltip")).to_contain_text("all objects")
    for title in others:
        line = chart(page, title).locator(".u-cursor-x")
        expect(line).to_have_attribute("style", re.compile(r"translate\(\d"))


def test_the_same_service_on_all_hosts_stands_in_one_chart(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/jvm?jvm=memleak*")
    legend = chart(page, "Total shallow bytes").locator(".legend")
    expect(legend.get_by_role("button")).to_have_count(5)
    page.get_by_label("Classes of").select_option("memleak3 memleak3")
    expect(page).to_have_url(re.compile("one=memleak3"))
    expect(first_row(page)).to_contain_text("byte[]")


def test_an_unknown_jvm_is_said_to_be_unknown(page: Page, fleet: Server, expected_errors: list[str]) -> None:
    expected_errors.append("404")
    page.goto(f"{fleet.url}/jvm?host=nowhere&jvm=nothing")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nothing is known of nothing")
    page.goto(f"{fleet.url}/nope")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
