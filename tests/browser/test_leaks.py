"""What leaks: the list, one leak with its evidence, and what other screens say of it."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.sync_api import Locator, Page, expect

from . import scene, story
from .conftest import Server
from .test_jvm import chart


def leak_of(server: Server, service: str) -> dict[str, Any]:
    [found] = [each for each in server.get("leaks")["leaks"] if each["service"] == service]
    return dict(found)


def judged(server: Server, **counts: int) -> None:
    """Returns when so many JVMs have these verdicts: a page that is open asks again only after a while."""
    for _ in range(300):
        found = server.get("leaks")["jvms"]
        if all(found[verdict] == count for verdict, count in counts.items()):
            return
        time.sleep(0.1)
    raise AssertionError(f"never {counts}: {found}")


def own(name: str) -> str:
    """A class without its package."""
    return name.rpartition(".")[2]


def rows(page: Page) -> Locator:
    return page.get_by_role("grid", name="Leaks").locator("tbody tr[aria-rowindex]")


def states(page: Page) -> Locator:
    return page.get_by_role("group", name="State")


def test_open_leaks_say_where_since_when_how_fast_and_until_when(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/leaks")
    expect(rows(page)).to_have_count(2)
    first = rows(page).first
    leak = leak_of(leaking, "story")
    expect(first).to_contain_text(leak["class"])
    expect(first).to_contain_text("confirmed")
    expect(first).to_contain_text("on 3 of 3 hosts")
    expect(first).to_contain_text("systemic")
    expect(first).to_contain_text(re.compile(r"\d+(\.\d)?/s"))
    expect(first).to_contain_text(re.compile(r"shallow, with 14 companions"))
    expect(first).to_contain_text(re.compile(r"\d h \d+ m to .* on story2"))
    expect(first.locator(".sentence")).to_contain_text("load explains none of it")
    expect(first.locator("svg.mini path")).to_have_count(3)
    expect(rows(page).last).to_contain_text("suspect")
    expect(page.get_by_role("link", name=re.compile("^Leaks"))).to_contain_text("2 open")


def test_the_address_says_which_leaks_are_shown(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/leaks")
    states(page).get_by_role("button", name="Fixed 1").click()
    expect(page).to_have_url(re.compile("state=fixed"))
    expect(rows(page)).to_contain_text(["com.acme.orders.Order"])
    page.reload()
    expect(states(page).get_by_role("button", name="Fixed 1")).to_have_attribute("aria-pressed", "true")
    states(page).get_by_role("button", name="All 3").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("searchbox", name="Filter leaks").fill("service=report")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("searchbox", name="Filter leaks").fill("nobody")
    expect(page.get_by_text("No leak has been seen that matches “nobody”.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Class", exact=True).click()
    expect(page).to_have_url(re.compile("sort=class&order=asc"))
    page.get_by_role("button", name="Class", exact=True).click()
    expect(rows(page).first).to_contain_text(max(leak["class"] for leak in leaking.get("leaks")["leaks"]))


def test_keys_lead_to_a_leak_and_back(page: Page, leaking: Server) -> None:
    page.goto(leaking.url)
    expect(page.get_by_role("grid", name="JVMs")).to_contain_text("story")
    page.keyboard.press("k")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("group", name=re.compile("^Leaks:")).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(leak_of(leaking, "story")["class"])
    page.keyboard.press("v")
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify a fix")
    page.go_back()
    page.go_back()
    expect(rows(page)).to_have_count(2)


def test_a_leak_shows_what_proves_it(page: Page, leaking: Server) -> None:
    leak = leak_of(leaking, "story")
    page.goto(f"{leaking.url}/leaks/{leak['id']}?from=-2h")
    expect(page.locator(".sentence.whole")).to_contain_text("leaks on 3 of 3 hosts")
    drawn = chart(page, "Instances of the class")
    for host in leak["hosts"]:
        expect(drawn.locator(".legend").get_by_role("button", name=re.compile(host))).to_be_visible()
    expect(drawn.locator(".mark[data-kind='leak_begins']")).to_have_attribute(
        "aria-label", re.compile(r"leak begins: ± ")
    )
    hosts = page.get_by_role("region", name="On each host")
    expect(hosts.locator("tbody tr")).to_have_count(3)
    expect(hosts.locator("tbody tr").first).to_contain_text(re.compile(r"heap full, .* to "))
    family = page.get_by_role("region", name="Family", exact=True)
    expect(family.locator("tbody tr").first).to_contain_text("root")
    expect(family.get_by_role("row").filter(has_text="memleak.Piece")).to_contain_text("× 8")
    expect(page.get_by_role("region", name="History")).to_contain_text("confirmed")
    expect(page.locator(".facts")).to_contain_text(re.compile(r"Balance\s*0\.0"))


def test_a_leak_leads_to_who_holds_it_once_somebody_has_diagnosed_that(page: Page, leaking: Server) -> None:
    leak = leak_of(leaking, "report")
    page.goto(f"{leaking.url}/leaks/{leak['id']}")
    way = page.get_by_role("link", name="Who holds it")
    expect(page.get_by_role("link", name="Verify a fix")).to_be_visible()
    expect(way).to_have_count(0)
    chain = [{"holder": "com.acme.Cache", "fields": ["ENTRIES"], "static": True}]
    held = {"objects": 7, "class": leak["class"], "root": "a static field", "chain": chain}
    life = next(each for each in leaking.get("jvms")["jvms"] if each["host"] == leak["hosts"][0])
    told = {
        **{name: life[name] for name in ("host", "jvm", "pid", "started")},
        "time": int(time.time() * 1000),
    }
    more = {"suspect": leak["class"], "confirmed_by": ["jfr"], "steps": [], "holders": {"jfr": [held]}}
    answer = page.request.post(f"{leaking.url}/api/v1/diagnoses", data={**told, **more})
    assert answer.ok, answer.text()
    page.reload()
    way.click()
    card = page.get_by_role("region", name="Who holds it")
    expect(card.get_by_role("listitem").nth(1)).to_have_text("static com.acme.Cache.ENTRIES")


def test_every_claim_that_has_a_query_opens_it(page: Page, leaking: Server) -> None:
    leak = leak_of(leaking, "story")
    page.goto(f"{leaking.url}/leaks/{leak['id']}")
    links = page.get_by_role("region", name="Evidence").get_by_role("link", name="Open in Explore")
    expect(links).to_have_count(sum("query" in claim for claim in leak["evidence"]))
    for address in [link.get_attribute("href") for link in links.all()]:
        page.goto(f"{leaking.url}{address}")
        expect(chart(page, "Answer").locator("canvas")).to_be_visible()
        expect(chart(page, "Answer").locator(".legend button").first).to_be_visible()


def test_a_leak_older_than_the_range_is_shown_whole_on_demand(page: Page, leaking: Server) -> None:
    leak = leak_of(leaking, "story")
    page.goto(f"{leaking.url}/leaks/{leak['id']}?from=-5m")
    page.get_by_role("button", name="Show since it began").click()
    expect(page).to_have_url(re.compile(r"from=-\d\dm"))
    expect(page.locator(".mark[data-kind='leak_begins']")).to_be_attached()
    expect(page.get_by_role("button", name="Show since it began")).to_have_count(0)


def test_an_acknowledged_leak_leaves_the_open_ones_until_that_is_undone(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/leaks/{leak_of(leaking, 'report')['id']}")
    page.get_by_role("button", name="Acknowledge").click()
    dialog = page.get_by_role("dialog", name="Acknowledge this leak")
    dialog.get_by_role("textbox", name="Note").fill("HW-42, after the release")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".seen")).to_contain_text("HW-42, after the release")
    expect(page.get_by_role("link", name=re.compile("^Leaks.*open"))).to_contain_text("1 open")
    page.goto(f"{leaking.url}/leaks")
    expect(rows(page)).to_have_count(1)
    states(page).get_by_role("button", name="Acknowledged 1").click()
    rows(page).get_by_role("link", name="com.acme.report.Session").click()
    page.get_by_role("button", name="Change or undo").click()
    expect(dialog.get_by_role("textbox", name="Note")).to_have_value("HW-42, after the release")
    dialog.get_by_role("button", name="Take it back").click()
    expect(page.locator(".seen")).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("^Leaks.*open"))).to_contain_text("2 open")


def test_a_fixed_leak_shows_its_proof(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/leaks/{leak_of(leaking, 'orders')['id']}")
    proof = page.get_by_role("region", name="Proof")
    expect(proof).to_contain_text("It does not grow any more at comparable traffic.")
    expect(proof.get_by_role("row", name=re.compile("^Balance"))).to_have_text(
        re.compile(r"Balance\s*0\.0\d\s*(1\.0|0\.9)\d")
    )
    expect(proof).to_contain_text(re.compile(r"exposure \d+(\.\d)? % of the traffic before"))
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    history = page.get_by_role("region", name="History")
    expect(history.locator(".leak-badge")).to_have_text(["fixed", "confirmed"])


def test_the_report_of_a_leak_is_a_file(page: Page, leaking: Server) -> None:
    leak = leak_of(leaking, "story")
    page.goto(f"{leaking.url}/leaks/{leak['id']}")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report").click()
    assert waiting.value.suggested_filename == f"heapwatch-leak-{own(leak['class'])}.html"
    text = waiting.value.path().read_text(encoding="utf-8")
    assert leak["class"] in text
    assert "<svg" in text


def test_an_address_of_no_leak_says_so(page: Page, leaking: Server, expected_errors: list[str]) -> None:
    expected_errors.append("404")
    page.goto(f"{leaking.url}/leaks/0123456789abcdef")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no leak 0123456789abcdef")


def test_a_server_that_does_not_answer_is_said_and_asked_again(
    page: Page, leaking: Server, expected_errors: list[str]
) -> None:
    expected_errors += ["ERR_FAILED"]
    page.route("**/api/v1/leaks?state=all", lambda route: route.abort())
    page.goto(f"{leaking.url}/leaks")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    with page.expect_request("**/api/v1/leaks?state=all"):
        page.get_by_role("button", name="Try again").dispatch_event("click")
    page.unroute("**/api/v1/leaks?state=all")  # from here on the page may be quicker than a hand
    page.evaluate("document.querySelector('[role=alert] button')?.click()")
    expect(rows(page)).to_have_count(2)


def test_the_fleet_has_first_who_dies_first_and_a_leak_of_many_hosts_once(
    page: Page, leaking: Server
) -> None:
    page.goto(leaking.url)
    row = page.get_by_role("grid", name="JVMs").locator("tbody tr[aria-rowindex]").first
    expect(row).to_contain_text("story2")
    expect(row).to_contain_text("leaking")
    expect(row).to_contain_text(re.compile(r"\d h \d+ m|\d\d m"))
    leak = leak_of(leaking, "story")
    expect(row.get_by_role("link", name=own(leak["class"]))).to_be_visible()
    once = page.get_by_role("list", name="Leaks on many hosts")
    expect(once.get_by_role("listitem")).to_have_count(1)
    expect(once).to_contain_text("on 3 of 3 hosts of story")
    expect(page.get_by_role("row").filter(has_text="edge1")).to_contain_text("undecided")
    expect(page.get_by_role("row").filter(has_text="web1")).to_contain_text("clean")
    once.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(leak["class"])


def test_a_jvm_says_what_leaks_in_it_and_when_it_ends(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/jvm?host=story1&jvm=story")
    told = page.get_by_role("region", name="Leaks of this JVM")
    expect(told).to_contain_text(re.compile(r"leaking\s*heap full in \d"))
    expect(told).to_contain_text("leaks on 3 of 3 hosts")
    page.goto(f"{leaking.url}/jvm?host=edge1&jvm=gateway")
    expect(told).to_contain_text(re.compile(r"undecided\s*\d+ histograms, 40 are needed"))
    page.goto(f"{leaking.url}/jvm?host=web1&jvm=shop")
    expect(told).to_contain_text("clean")


def test_a_class_of_a_family_says_what_it_leaks_with(page: Page, leaking: Server) -> None:
    page.goto(f"{leaking.url}/class?class=memleak.Piece&from=-2h")
    leak = leak_of(leaking, "story")
    told = page.get_by_role("region", name=f"Leak of {leak['class']}")
    expect(told).to_contain_text(f"Grows with {own(leak['class'])} × 8 for each")
    expect(told).to_contain_text(re.compile(r"births .*, deaths .*, balance 0\.0"))
    expect(told).to_contain_text("load explains none of it")
    expect(chart(page, "Instances").locator(".mark[data-kind='leak_begins']")).to_be_attached()
    told.get_by_role("list", name="Family").get_by_role("link", name=own(leak["class"])).click()
    expect(told).to_contain_text("The root of a leak")
    page.goto(f"{leaking.url}/class?class=com.example.cart.Entry")
    expect(page.get_by_role("grid", name="Where it is")).to_contain_text("web1")
    expect(told).to_have_count(0)


def test_nothing_leaks_is_said_of_who_was_judged_until_something_does(page: Page, empty: Server) -> None:
    made = int(time.time() * 1000)
    quiet = [each for each in story.watched() if each.host in ("web1", "edge1")]
    empty.send_all(scene.batches(made, quiet))
    judged(empty, clean=1, undecided=1)
    page.goto(f"{empty.url}/leaks")
    expect(page.get_by_role("heading", name="Nothing leaks in 1 JVM")).to_be_visible()
    expect(page.locator(".reasons")).to_contain_text(re.compile(r"1 \d+ histograms, 40 are needed edge1"))
    empty.send_all(scene.batches(made, [each for each in story.watched() if each.host == "report1"]))
    expect(rows(page)).to_contain_text(["com.acme.report.Session"])
    expect(page.get_by_role("link", name=re.compile("^Leaks.*open"))).to_contain_text("1 open")
    page.get_by_text("1 JVM cannot be judged yet").click()
    expect(page.locator(".reasons")).to_contain_text("edge1")
