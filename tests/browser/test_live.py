"""What arrives shows without a reload; what does not arrive is said."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from array import array

from playwright.sync_api import BrowserContext, Locator, Page, expect

from heapwatch.model import ALL, Batch, Histogram, JvmId, Snapshot

from .conftest import Server
from .test_jvm import chart

WHO = JvmId("live1", "live-service", 77, 1_700_000_000_000)


def sample(sequence: int, mib: int, ago_s: float = 0) -> Batch:
    size = mib << 20
    held = Histogram(
        ["byte[]", "live.Entry"], array("q", [mib, 9]), array("q", [size - 288, 288]), array("q", [1, 1])
    )
    return Batch(
        "agent:live1", sequence, snapshots=[Snapshot(WHO, int((time.time() - ago_s) * 1000), ALL, held, 1.5)]
    )


def last_value(page: Page) -> Locator:
    """What a screen reader hears as the newest value of the total."""
    return (
        chart(page, "Total shallow bytes")
        .get_by_role("table", name=re.compile("summary"))
        .locator("tbody td")
        .nth(1)
    )


def test_a_new_histogram_moves_chart_table_and_age_without_a_reload(page: Page, crowded: Server) -> None:
    for number in range(3):
        crowded.send(sample(1 + number, 100, 40 - number * 10))
    page.goto(f"{crowded.url}/jvm?host=live1&jvm=live-service&from=-5m")
    expect(last_value(page)).to_have_text("100 MiB")
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
    page.evaluate("window.untouched = true")
    crowded.send(sample(10, 164))
    expect(last_value(page)).to_have_text("164 MiB")
    expect(page.get_by_role("grid", name="Classes").locator("tbody tr[aria-rowindex='2']")).to_contain_text(
        "+64 MiB"
    )
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Paused")).to_be_visible()
    crowded.send(sample(11, 228))
    page.keyboard.press("l")
    expect(last_value(page)).to_have_text("228 MiB")
    assert page.evaluate("window.untouched") is True


def test_a_jvm_that_is_new_gets_its_row_without_a_reload(page: Page, crowded: Server) -> None:
    page.goto(f"{crowded.url}/?filter=newcomer")
    expect(page.get_by_text("No JVM matches “newcomer”.")).to_be_visible()
    arrived = sample(1, 50).snapshots[0]
    who = JvmId("live2", "newcomer", 1, int(time.time() * 1000))
    crowded.send(Batch("agent:live2", 1, snapshots=[Snapshot(who, arrived.time, ALL, arrived.histogram)]))
    expect(page.get_by_role("link", name="newcomer")).to_be_visible()


def test_a_lost_connection_is_said_and_healed(
    page: Page, context: BrowserContext, crowded: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("net::ERR_INTERNET_DISCONNECTED")
    page.goto(f"{crowded.url}/?filter=host-0001")
    expect(page.get_by_role("grid", name="JVMs")).to_have_attribute("aria-rowcount", "5")
    context.set_offline(True)
    page.get_by_role("button", name="15m").click()
    expect(page.get_by_text("Connection to the server lost.")).to_be_visible()
    expect(page.get_by_role("grid", name="JVMs")).to_contain_text("host-0001")
    context.set_offline(False)
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Connection to the server lost.")).to_be_hidden()
    expect(page.get_by_role("group", name=re.compile("^JVMs:"))).to_have_attribute("data-outdated", "false")


def test_an_empty_server_says_how_to_send_then_asks_for_the_token_it_was_given(
    page: Page, empty: Server, expected_errors: list[str]
) -> None:
    page.goto(empty.url)
    expect(page.get_by_role("heading", name="No JVM has sent anything yet")).to_be_visible()
    expect(page.locator("main")).to_contain_text(f"heapwatch-agent run --server {empty.url}")
    expect(page.locator("main")).to_contain_text("nc -q0")
    secret = empty.data / "token"
    words = ["token", "create", "me", "--data", str(empty.data), "--to", str(secret)]
    subprocess.run([sys.executable, "-m", "heapwatch.cli.main", *words], check=True, capture_output=True)

    expected_errors.append("401")
    page.goto(empty.url)
    prompt = page.get_by_role("dialog", name="This server asks for a token")
    prompt.get_by_label("Token").fill("hw_wrong")
    prompt.get_by_role("button", name="Use it").click()
    expect(prompt.get_by_role("alert")).to_contain_text("not accepted")
    prompt.get_by_label("Token").fill(secret.read_text().strip())
    prompt.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("heading", name="No JVM has sent anything yet")).to_be_visible()
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="No JVM has sent anything yet")).to_be_visible()
