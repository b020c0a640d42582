"""Agents and doors: what arrives, what is refused and why, what is scraped, who makes the series."""

from __future__ import annotations

import re
import socket
import threading
import time
import urllib.request
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from heapwatch.model import Batch, MetricBlock

from . import crowd
from .conftest import Server, serving
from .test_screens import look

SENDER_SERIES = 120
BOMB = "".join(f'requests{{path="/a",request="{n}"}} {n}\n' for n in range(500))


@contextmanager
def exporter() -> Iterator[str]:
    """A page of metrics on loopback; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(b"orders_open 17\n")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def graphite(server: Server, lines: str) -> None:
    found = [door["address"] for door in server.get("status")["doors"] if door["name"] == "graphite-tcp"]
    host, _, port = found[0].rpartition(":")
    with socket.create_connection((host, int(port))) as sender:
        sender.sendall(lines.encode())


def push(server: Server, lines: str) -> None:
    request = urllib.request.Request(f"{server.url}/api/v1/import/prometheus", lines.encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


def cost_of(host: str) -> MetricBlock:
    """What an agent says of itself: a thousandth of the time in pauses, of the two that it may take."""
    now = int(time.time() * 1000)
    told = {"heapwatch.pause_share": 0.001, "heapwatch.pause_budget": 0.002, "heapwatch.interval_s": 20.0}
    columns = {name: array("d", [value]) for name, value in told.items()}
    return MetricBlock({"host": host, "jvm": "shop"}, array("q", [now]), columns)


def spool_of(host: str) -> MetricBlock:
    """The agent of this host holds three batches that it could not send."""
    told = {"heapwatch.spool_bytes": 3145728.0, "heapwatch.spool_batches": 3.0}
    columns = {name: array("d", [value]) for name, value in told.items()}
    return MetricBlock({"host": host}, array("q", [int(time.time() * 1000)]), columns)


def until(true: Callable[[], object], patience_s: float = 60) -> None:
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, true
        time.sleep(0.1)


def arrived(server: Server) -> None:
    until(lambda: len(server.get("ingest/rejects?door=graphite-tcp")["rejects"]) == 2)
    until(lambda: {each["health"] for each in server.get("targets")["targets"]} == {"up", "down"})


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Agents, good and bad lines, a target that is up and one that is down, and a sender with a bomb."""
    folder = tmp_path_factory.mktemp("busy")
    with exporter() as up:
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 2s, scrape_timeout: 1s}\n"
            f"scrape_configs:\n  - {{job_name: shop, static_configs: [{{targets: ['{up}']}}]}}\n"
            "  - {job_name: gone, static_configs: [{targets: ['127.0.0.1:9']}]}\n"
        )
        flags = ("--scrape", str(config), "--sender-series", str(SENDER_SERIES))
        for server in serving(folder / "data", *flags):
            server.send(crowd.crowd(int(time.time() * 1000), 4))
            for host in ("web1", "web2"):
                held = [spool_of(host)] if host == "web2" else []
                server.send(Batch(f"agent:{host}:1", 1, metrics=[cost_of(host), *held]))
            moment = int(time.time())
            bad = f"shop.orders.total one {moment}\n<b>shop</b> 1\n"
            graphite(server, f"shop.orders.open 17 {moment}\n{bad}")
            push(server, BOMB)
            arrived(server)
            yield server


def row(page: Page, table: str, name: str) -> Locator:
    return page.get_by_role("table", name=table).get_by_role("row").filter(has_text=name)


def agents(page: Page) -> Locator:
    return page.get_by_role("grid", name="Agents")


def rejects(page: Page) -> Locator:
    return page.get_by_role("list", name="Newest refused").get_by_role("listitem")


def seen(page: Page) -> None:
    expect(row(page, "Targets", "gone")).to_contain_text("down")
    expect(agents(page)).to_contain_text("50 % used")
    expect(row(page, "Senders of series", "prometheus")).to_contain_text("request")
    expect(rejects(page).first).to_be_visible()


def test_the_page_hinders_nobody(page: Page, busy: Server, shoot: Callable[[Page, str], None]) -> None:
    look(page, f"{busy.url}/doors", seen, "doors", shoot)


def test_what_was_refused_hinders_nobody(
    page: Page, busy: Server, shoot: Callable[[Page, str], None]
) -> None:
    def refused(page: Page) -> None:
        expect(rejects(page)).to_have_count(2)

    look(page, f"{busy.url}/doors?show=refused&door=graphite-tcp", refused, "doors-refused", shoot)


def test_what_nothing_came_by_hinders_nobody(
    page: Page, empty: Server, shoot: Callable[[Page, str], None]
) -> None:
    def nothing(page: Page) -> None:
        expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
        expect(page.get_by_role("button", name="Copy")).to_have_count(3)

    look(page, f"{empty.url}/doors", nothing, "doors-empty", shoot)
    graphite(empty, f"test.arrives 1 {int(time.time())}\n")
    expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_have_count(0)
    expect(row(page, "Doors", "graphite-tcp").get_by_role("cell").nth(3)).to_have_text("1")


def test_doors_say_what_came_and_lead_to_what_they_refused(page: Page, busy: Server) -> None:
    page.goto(f"{busy.url}/doors")
    door = row(page, "Doors", "graphite-tcp")
    expect(door).to_contain_text("bad-value 1")
    expect(door).to_contain_text("not-three-cells 1")
    expect(row(page, "Doors", "scrape")).to_contain_text("/min")
    expect(row(page, "Doors", "histogram")).to_have_class("gone")
    door.get_by_role("link", name="2 refused at graphite-tcp").click()
    expect(page).to_have_url(f"{busy.url}/doors?show=refused&door=graphite-tcp")
    expect(rejects(page)).to_have_count(2)
    expect(rejects(page).filter(has_text="bad-value")).to_contain_text("The value is not a number")
    expect(rejects(page).filter(has_text="bad-value").locator("pre")).to_contain_text("shop.orders.total one")
    expect(rejects(page).filter(has_text="not-three-cells").locator("pre")).to_have_text("<b>shop</b> 1")
    page.go_back()
    expect(row(page, "Targets", "shop")).to_contain_text("up")


def test_rejects_are_chosen_by_door_and_reason_in_the_address(page: Page, busy: Server) -> None:
    page.goto(f"{busy.url}/doors?show=refused")
    page.get_by_label("Door").select_option("graphite-tcp")
    page.get_by_label("Reason").select_option("bad-value")
    expect(page).to_have_url(f"{busy.url}/doors?show=refused&door=graphite-tcp&reason=bad-value")
    expect(rejects(page)).to_have_count(1)
    page.reload()
    expect(rejects(page)).to_have_count(1)
    expect(page.get_by_label("Reason")).to_have_value("bad-value")
    page.get_by_label("Door").select_option("")
    expect(page).to_have_url(f"{busy.url}/doors?show=refused")


def test_doors_that_are_shut_say_what_would_open_them(page: Page, busy: Server) -> None:
    page.goto(f"{busy.url}/doors?show=doors")
    page.get_by_text("more ways in that are shut or were not used").click()
    shut = page.get_by_role("listitem")
    expect(shut.filter(has_text="syslog:")).to_contain_text("the setting syslog_listen opens it")
    expect(shut.filter(has_text="remote-write:")).to_contain_text("nothing came to POST /api/v1/write")


def test_a_target_that_is_down_stands_first_and_says_why(page: Page, busy: Server) -> None:
    page.goto(f"{busy.url}/doors?show=targets")
    first = page.get_by_role("table", name="Targets").locator("tbody tr").first
    expect(first).to_contain_text("127.0.0.1:9")
    expect(first.locator("td").last).not_to_be_empty()
    expect(page.get_by_role("region", name="Targets")).to_contain_text("2 scraped, 1 of them down")
    expect(page.get_by_role("heading", name="Refused")).to_have_count(0)


def test_a_sender_of_too_many_series_is_named_with_its_label(page: Page, busy: Server) -> None:
    page.goto(f"{busy.url}/doors?show=series")
    bomb = row(page, "Senders of series", "prometheus")
    expect(bomb).to_contain_text("380")
    expect(bomb).to_contain_text("the label request has 120 values")
    expect(bomb).to_contain_text("requests;path=/a;request=")
    expect(page.get_by_role("meter", name="Series, JVMs and classes of all that may be")).to_be_visible()
    bomb.get_by_role("link", name="380").click()
    expect(rejects(page).first).to_contain_text("more series, JVMs or classes than one may")


def test_agents_are_found_sorted_and_walked_through_by_keyboard(page: Page, busy: Server) -> None:
    page.goto(f"{busy.url}/doors?show=agents")
    expect(agents(page)).to_contain_text("agent:web1:1")
    expect(agents(page)).to_contain_text("20 s")
    waits = agents(page).get_by_role("gridcell", name="3 MiB")
    expect(waits).to_have_attribute("title", "3,145,728 bytes in 3 batches")
    page.keyboard.press("/")
    page.keyboard.type("web2")
    expect(agents(page)).not_to_contain_text("agent:web1:1")
    expect(page).to_have_url(re.compile("agent=web2"))
    page.get_by_role("searchbox", name="Agents").fill("")
    agents(page).get_by_role("button", name="Host").click()
    expect(page).to_have_url(re.compile("sort=host&order=desc"))
    page.get_by_role("group", name="Agents: arrow keys").focus()
    page.keyboard.press("ArrowDown")
    expect(agents(page).locator('tr[data-active="true"]')).to_have_count(1)


def test_an_old_address_leads_to_the_page_with_all_that_it_said(page: Page, busy: Server) -> None:
    page.goto(f"{busy.url}/status?from=-6h")
    expect(page).to_have_url(f"{busy.url}/doors?from=-6h")
    expect(page.get_by_role("heading", name="Agents & doors")).to_be_visible()


def test_a_part_that_cannot_be_had_does_not_hide_the_others(
    page: Page, busy: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("503")

    def away(route: Route) -> None:
        route.fulfill(status=503, json={"error": "the engine is busy", "reason": "unavailable"})

    page.route("**/api/v1/cardinality*", away)
    page.goto(f"{busy.url}/doors")
    expect(page.get_by_role("region", name="Series").get_by_role("alert")).to_be_visible()
    expect(row(page, "Doors", "graphite-tcp")).to_be_visible()
    page.unroute("**/api/v1/cardinality*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("table", name="Senders of series")).to_be_visible()


def test_what_was_known_stays_while_the_server_is_away(
    page: Page, busy: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("Failed to load resource")
    page.goto(f"{busy.url}/doors")
    seen(page)
    page.route("**/api/v1/**", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        pass
    expect(row(page, "Doors", "graphite-tcp")).to_be_visible()
    expect(agents(page)).to_contain_text("agent:web1:1")
