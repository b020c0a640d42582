"""A class on all hosts: one machine's fault or everybody's."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, expect

from .conftest import Server
from .test_jvm import chart
from .test_screens import EVERY_RULE, grave


def test_the_leaking_class_rises_on_the_hosts_without_the_fix(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/class?class=memleak.Child")
    table = page.get_by_role("grid", name="Where it is")
    for host in ("memleak1", "memleak2", "memleak3"):
        expect(table).to_contain_text(host)
    expect(page.locator(".verdict")).to_contain_text("still grows on 2 of 3 JVMs")
    expect(chart(page, "Shallow bytes").locator("canvas")).to_be_visible()
    expect(chart(page, "Instances").locator("canvas")).to_be_visible()
    expect(table.get_by_role("row").filter(has_text="memleak1")).to_contain_text("32 B")


def test_who_holds_it_is_told_from_the_root_down(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/class?class=memleak.Child")
    card = page.get_by_role("region", name="Who holds it")
    expect(card).to_contain_text("heapwatch diagnose JVM --suspect 'memleak.Child'")
    now = int(time.time() * 1000)
    chain = [
        {"holder": "akka.actor.ActorCell", "fields": ["akka$actor$dungeon$Children$$_childrenRefs"]},
        {"holder": "memleak.Child", "fields": ["file"]},
    ]
    way = {"objects": 7, "class": "byte[]", "root": "thread main, a variable on its stack", "chain": chain}
    life = fleet.get("jvms?host=memleak1")["jvms"][0]
    told = {**{name: life[name] for name in ("host", "jvm", "pid", "started")}, "time": now}
    steps = [{"step": 4, "operation": "jfr", "pause_ms": 21.0}]
    held = {"jfr": [{**way, "stack": ["memleak.Child.read:7", "memleak.Pace.work:9"]}]}
    answer = page.request.post(
        f"{fleet.url}/api/v1/diagnoses",
        data={**told, "suspect": "memleak.Child", "confirmed_by": ["jfr"], "steps": steps, "holders": held},
    )
    assert answer.ok, answer.text()
    page.reload()
    expect(card.get_by_role("listitem").first).to_have_text("thread main, a variable on its stack")
    expect(card.get_by_role("listitem").nth(1)).to_have_text("akka.actor.ActorCell._childrenRefs")
    expect(card).to_contain_text("it stood 21")
    card.get_by_text("made by memleak.Child.read:7").click()
    expect(card.get_by_text("memleak.Pace.work:9")).to_be_visible()
    assert grave(page, EVERY_RULE) == []


def test_a_pattern_adds_a_subsystem_up_by_host_or_by_class(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/class?class=akka.actor.*")
    table = page.get_by_role("grid", name="Where it is")
    expect(table).to_contain_text("memleak3")
    expect(table).not_to_contain_text("web1")
    expect(page.locator(".verdict")).to_contain_text("still grows on 2 of 3 hosts")
    page.get_by_role("group", name="A line for each").get_by_role("button", name="Class").click()
    expect(page).to_have_url(re.compile("by=class"))
    expect(table).to_contain_text("akka.actor.ActorCell")
    expect(table).to_have_attribute("aria-rowcount", "6")
    page.get_by_role("group", name="Measure").get_by_role("button", name="Instances").click()
    expect(chart(page, "Shallow bytes")).to_have_count(0)
    page.reload()
    expect(chart(page, "Instances")).to_be_visible()
    page.get_by_role("grid").get_by_role("link", name="akka.actor.ActorCell").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("akka.actor.ActorCell")


def test_its_rows_lead_to_the_jvm_and_a_click_on_a_name_hides_a_line(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/class?class=memleak.Child")
    name = chart(page, "Shallow bytes").locator(".legend").get_by_role("button", name=re.compile("memleak3"))
    name.click()
    expect(name).to_have_attribute("aria-pressed", "false")
    page.get_by_role("grid").get_by_role("link", name="memleak3").click()
    expect(page).to_have_url(re.compile(r"/jvm\?host=memleak3&jvm=memleak3"))


def test_a_class_is_found_by_a_part_of_its_name(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/class")
    expect(page.get_by_role("grid", name="Class names")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("RedBlack")
    page.get_by_role("link", name="scala.collection.immutable.RedBlackTree$Tree").click()
    expect(chart(page, "Instances").locator("canvas")).to_be_visible()


def test_a_class_that_nobody_has_is_answered_with_names_like_it(
    page: Page, fleet: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("404")
    page.goto(f"{fleet.url}/class?class=akka.actor.ActorCel")
    expect(page.get_by_role("alert")).to_contain_text("akka.actor.ActorCell")


def test_the_doors_page_lists_agents_and_what_was_refused(page: Page, fleet: Server) -> None:
    page.goto(f"{fleet.url}/doors")
    expect(page.get_by_text("agent:memleak1:2101")).to_be_visible()
    expect(page.get_by_role("heading", name="Refused")).to_be_visible()
    expect(page.get_by_text("graphite-tcp")).to_be_visible()
