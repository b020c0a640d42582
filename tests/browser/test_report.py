"""A report as a browser shows it: opened from a file, without a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect
from recorded import write
from simulated import Program, leaking, walking

from heapwatch.cli.main import run

from .test_screens import COLOURS, EVERY_RULE, grave

ROOT = "com.shop.Order"
HOSTILE = "com.shop.<img src=x onerror=document.title='hit'>Retry"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leak on two hosts of three, a fix of it, and what came with the fix."""
    folder = tmp_path_factory.mktemp("report")
    for number in (1, 2, 3):
        host = f"shop{number}"
        before = {ROOT: leaking(700, start=30) if number < 3 else walking(300)}
        after = {ROOT: walking(300, step=2), **({HOSTILE: leaking(15)} if number == 1 else {})}
        write(folder / "1.0", host, Program(seed=number, host=host, populations=before).run())
        write(folder / "1.1", host, Program(seed=number + 10, host=host, populations=after).run())
    assert run(["report", str(folder / "1.0"), "-o", str(folder / "leak.html")]) == 1
    fixed = ["report", str(folder / "1.0"), "--after", str(folder / "1.1"), "-o", str(folder / "fix.html")]
    assert run(fixed) == 1
    return folder


@pytest.mark.parametrize(
    ("name", "scheme", "rules"),
    [("leak", "light", EVERY_RULE), ("leak", "dark", COLOURS), ("fix", "light", EVERY_RULE)],
)
def test_a_report_hinders_nobody(
    page: Page,
    written: Path,
    name: str,
    scheme: Literal["light", "dark"],
    rules: dict[str, Any],
    shoot: Callable[[Page, str], None],
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto((written / f"{name}.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("in shop")
    expect(page.get_by_role("img", name=f"Objects of {ROOT} by time").first).to_be_visible()
    if name == "leak":
        shoot(page, f"report-{scheme}")
    for summary in page.locator("summary").all():
        summary.click()
    assert grave(page, rules) == []


def test_it_fetches_nothing_and_runs_nothing(page: Page, written: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((written / "fix.html").as_uri())
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    assert asked == [(written / "fix.html").as_uri()]
    assert "hit" not in page.title().split()
    assert page.locator("script, img").count() == 0


def test_it_fits_a_telephone_and_a_sheet_of_paper(page: Page, written: Path) -> None:
    page.goto((written / "fix.html").as_uri())
    page.set_viewport_size({"width": 390, "height": 800})
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(wide)
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("details").first).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
