"""Questions of one's own: written with the server's help, answered as chart, table and file."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pyarrow.parquet as pq
from playwright.sync_api import Locator, Page, expect

from .conftest import Server
from .test_jvm import chart, drag

BY_HOST = "metric=heap.bytes jvm=memleak* | sum by host"


def explore(query: str, more: str = "") -> str:
    return f"/explore?q={quote(query)}{more}"


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Metric query")


def write(page: Page, text: str) -> None:
    """Key by key, so that proposals are asked for."""
    editor(page).click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type(text, delay=20)


def legend(page: Page) -> Locator:
    return chart(page, "Answer").locator(".legend")


def test_a_query_is_written_with_proposals_and_run_by_keys(
    page: Page, fleet: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("400")  # what is half written is judged too
    page.goto(f"{fleet.url}/explore")
    expect(page.get_by_role("heading", name="Ask anything about what was stored")).to_be_visible()
    write(page, "metric=heap.by")
    option = page.get_by_role("option", name=re.compile("^heap.bytes"))
    expect(option).to_be_visible()
    page.keyboard.press("Tab")
    expect(editor(page)).to_have_text("metric=heap.bytes")
    write(page, " jvm=memleak* | sum by ho")
    expect(page.get_by_role("option", name=re.compile("^host"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(editor(page)).to_have_text(BY_HOST)
    page.keyboard.press("ControlOrMeta+Enter")
    expect(page).to_have_url(re.compile(r"/explore\?q=metric"))
    expect(legend(page).get_by_role("button")).to_have_count(3)
    expect(legend(page)).to_contain_text(re.compile(r"memleak1\s*\d+ MiB"))
    expect(page.locator(".used")).to_contain_text(re.compile(r"every .*mean \(avg\).*3 series.*read in"))


def test_what_is_wrong_is_underlined_and_said_with_what_was_expected(
    page: Page, fleet: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("400")
    page.goto(fleet.url + explore("metric=heap.bytes | smu by host"))
    told = page.get_by_role("alert")
    expect(told).to_contain_text("line 1, column 21")
    expect(told).to_contain_text("did you mean sum?")
    expect(told.locator(".expected")).to_contain_text("topk")
    expect(page.locator(".cm-lintRange-error")).to_have_text("smu")
    editor(page).fill(BY_HOST)
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    page.get_by_role("button", name="Run").click()
    expect(told).to_have_count(0)
    expect(legend(page).get_by_role("button")).to_have_count(3)
    editor(page).fill(f"{BY_HOST} | topk(ten, max)")
    expect(page.get_by_role("alert")).to_contain_text("line 1")
    expect(legend(page).get_by_role("button")).to_have_count(3)


def test_rows_are_joined_and_can_be_left_out_of_the_picture(page: Page, fleet: Server) -> None:
    full = (
        "#A metric=jvm.heap.after_gc jvm=memleak* | max by host\n"
        "#B metric=jvm.heap.max jvm=memleak* | max by host\n#C #A / #B along host"
    )
    page.goto(fleet.url + explore(full))
    expect(legend(page)).to_contain_text("#C memleak1")
    rows = page.get_by_role("group", name="Rows shown")
    rows.get_by_role("button", name="#A").click()
    rows.get_by_role("button", name="#B").click()
    expect(legend(page).get_by_role("button")).to_have_count(3)
    page.get_by_label("Unit").select_option("ratio")
    expect(legend(page)).to_contain_text(re.compile(r"#C memleak1\s*\d+(\.\d+)? %"))
    page.reload()
    expect(legend(page).get_by_role("button")).to_have_count(3)


def test_an_answer_is_a_table_and_json_and_a_file(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + explore(BY_HOST))
    page.get_by_role("button", name="Table", exact=True).click()
    table = page.get_by_role("grid", name="Series")
    expect(table).to_have_attribute("aria-rowcount", "4")
    table.get_by_role("button", name="host").click()
    expect(table.locator("tbody tr").first).to_contain_text("memleak1")
    page.get_by_role("button", name="JSON").click()
    shown = json.loads(page.get_by_label("JSON", exact=True).inner_text())
    assert sorted(series["labels"]["host"] for series in shown["rows"][0]["series"]) == [
        "memleak1",
        "memleak2",
        "memleak3",
    ]
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert {"host", "time"} <= set(lines[0].split(","))
    assert sum("memleak2" in line for line in lines) > 20
    with page.expect_download() as download:
        page.get_by_role("button", name="Download Parquet").click()
    points = pq.read_table(download.value.path()).to_pylist()
    assert sum(point["host"] == "memleak2" for point in points) > 20


def test_a_table_of_differences_is_a_table(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + explore("metric=heap.bytes host=memleak1 | diff between -30m and now"))
    table = page.get_by_role("grid", name="Row A")
    expect(table.get_by_role("columnheader", name="change")).to_be_visible()
    table.get_by_role("button", name="change").click()
    expect(table.locator("tbody tr").first).to_contain_text(re.compile(r"[1-9]"))


def test_a_query_is_tidied_remembered_and_taken_elsewhere(page: Page, fleet: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(fleet.url + explore("metric=heap.bytes   jvm=memleak*|sum   by host"))
    expect(legend(page).get_by_role("button")).to_have_count(3)
    page.get_by_role("button", name="Format").click()
    expect(editor(page)).to_have_text(BY_HOST)
    page.get_by_role("button", name="Run").click()
    expect(page).to_have_url(re.compile(re.escape("metric%3Dheap.bytes+jvm")))
    page.get_by_role("button", name="Copy command").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == f"heapwatch query '{BY_HOST}' --from -1h --server {fleet.url}"
    page.goto(f"{fleet.url}/explore")
    page.get_by_role("button", name="History").click()
    past = page.get_by_role("dialog", name="Queries you ran")
    past.get_by_role("button", name=BY_HOST).click()
    expect(legend(page).get_by_role("button")).to_have_count(3)


def test_a_query_for_everything_is_answered_with_one_that_fits(
    page: Page, fleet: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("422")
    page.goto(fleet.url + explore("metric=*"))
    told = page.get_by_role("alert")
    expect(told).to_contain_text("This would fit")
    suggested = told.locator("code").last.inner_text()
    told.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(editor(page)).to_have_text(suggested)
    expect(chart(page, "Answer").locator("canvas")).to_be_visible()


def test_logs_lie_behind_the_curves_and_a_stretch_is_explained(page: Page, fleet: Server) -> None:
    page.goto(fleet.url + explore(BY_HOST))
    answer = chart(page, "Answer")
    expect(answer.locator(".mark").first).to_be_attached()
    page.get_by_label("Count these log messages").fill("error")
    page.keyboard.press("Enter")
    expect(answer.locator(".legend .behind")).to_have_text(re.compile(r"error \d+"))
    page.get_by_role("button", name="Events").click()
    expect(answer.locator(".mark")).to_have_count(0)
    expect(page).to_have_url(re.compile("behind=error.*events=off"))
    page.get_by_role("button", name="Explain").click()
    drag(page, answer, 0.62, 0.85)
    told = page.get_by_role("region", name="What came with it")
    expect(told).to_contain_text("OutOfMemoryError")
    expect(told.get_by_role("region", name="Events")).to_contain_text("restart")
    told.get_by_role("link", name=re.compile("OutOfMemoryError")).click()
    expect(page.get_by_role("textbox", name="Log query")).to_be_visible()
    expect(page.get_by_role("list", name="Messages")).to_contain_text("OutOfMemoryError")


def test_letters_typed_into_the_editor_are_no_commands(
    page: Page, fleet: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("400")
    page.goto(f"{fleet.url}/explore")
    write(page, "fcdlt?/")
    expect(editor(page)).to_have_text("fcdlt?/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Explore")
    expect(page.get_by_role("dialog")).to_have_count(0)
