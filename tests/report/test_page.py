"""A report is one page that needs nothing else, and says all that is known."""

from __future__ import annotations

import re

import pytest
from reading import read
from subjects import HOSTILE, MINUTE, START, curve, end, heap, leak, report

from heapwatch.report.page import page
from heapwatch.report.subject import Case, Judged


def whole(**other: object) -> str:
    case = Case(leak(**other), [curve(), curve("h2", 0.0)])
    return page(report(case, resources=[heap()], source="histos/"))


def test_the_sentence_comes_first_and_every_number_is_on_the_page() -> None:
    seen = read(whole())
    main = seen.one("main")
    assert main.inside[0].text == "Memory leak in shop: com.shop.Order"
    assert main.inside[1].text == "com.shop.Order leaks on 1 of 2 hosts."
    facts = seen.one("dl", class_="facts").text
    for said in (
        "1 of 2",
        "2026-09-21 14:18:20 UTC",
        "14:17:20",
        "41 objects/s",
        "39 to 43",
        "144 B",
        "0.25",
    ):
        assert said in facts
    assert "80m56m to 1h52m" in facts
    assert "55 are born and 14 die a second" in facts


def test_claims_have_their_numbers_and_their_query() -> None:
    claim = read(whole()).all("ol", class_="claims")[0].inside[0]
    assert claim.text.startswith("com.shop.Order grew by 44,280 objects")
    assert claim.one("code", class_="query").text.endswith("| sum by host")
    numbers = {each.one("dt").text: each.one("dd").text for each in claim.one("dl").all("div")}
    assert numbers == {"grown": "44,280", "earliest": "2026-09-21 14:17:20", "leaking": "h1"}


def test_no_name_becomes_markup() -> None:
    case = Case(
        leak(
            HOSTILE,
            hosts=[HOSTILE],
            clean=[HOSTILE],
            sentence=HOSTILE,
            versions={HOSTILE: [HOSTILE]},
            scope="partial",
        ),
        [curve(HOSTILE)],
    )
    judged = [Judged(HOSTILE, HOSTILE, 1, verdict="undecided", reason=HOSTILE, version=HOSTILE)]
    text = page(
        report(
            case,
            resources=[heap(host=HOSTILE, end=end(HOSTILE))],
            judged=judged,
            settings={"application": (HOSTILE,)},
            source=HOSTILE,
        )
    )
    seen = read(text)
    assert {each.name for each in seen.all()} & {"script", "img"} == set()
    assert not [key for each in seen.all() for key in each.attributes if key.startswith("on")]
    assert HOSTILE in seen.one("main").one("h1").text
    assert seen.one("section", **{"aria-labelledby": "how"}).text.count(HOSTILE) == 4


def test_what_cannot_be_written_is_replaced() -> None:
    text = page(report(Case(leak("a\x00b\ud800c\x1b[31m"))))
    assert "a\ufffdb\ufffdc\ufffd[31m" in text
    text.encode("utf-8")


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    text = whole()
    seen = read(text)
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert {each.attributes["href"] for each in seen.all("a")} <= {"#leak-1"}
    assert not [each for each in seen.all() if "src" in each.attributes]
    assert {each.name for each in seen.all()} & {"script", "link", "iframe", "object", "img", "base"} == set()
    policy = next(each for each in seen.all("meta") if "http-equiv" in each.attributes)
    assert policy.attributes["content"].startswith("default-src 'none'")


def test_light_dark_and_print_are_styled() -> None:
    style = read(whole()).one("style").text
    assert "@media screen and (prefers-color-scheme: dark)" in style
    assert "@media print" in style


def test_ids_are_there_once_and_everything_that_is_named_exists() -> None:
    cases = [Case(leak(name), [curve()], [curve()]) for name in ("a.A", "b.B")]
    seen = read(page(report(*cases, resources=[heap(), heap(host="h2")])))
    ids = [each.attributes["id"] for each in seen.all() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for each in seen.all():
        for key in ("aria-labelledby", "aria-describedby"):
            assert set(each.attributes.get(key, "").split()) <= set(ids)
    assert {each.attributes["href"][1:] for each in seen.all("a")} <= set(ids)


def test_any_number_of_ends_is_told_those_that_come_first_in_front() -> None:
    ends = [
        end("h1", "metaspace", 9000.0),
        end("h1", "threads", 600.0, limit=4096.0, level=3000.0, slope_per_s=1.5),
        end("h1", "container", 7200.0, between_s=[3600.0, None]),
    ]
    text = page(report(Case(leak(exhaustions=ends)), resources=[heap()]))
    table = read(text).one("section", **{"aria-labelledby": "until"}).all("tbody")[0]
    rows = [[cell.text for cell in row.inside] for row in table.inside]
    assert [row[1] for row in rows] == ["threads", "heap", "container", "metaspace"]
    assert rows[0] == ["h1", "threads", "3,000", "4,096", "90", "10m", "7m to 14m"]
    assert rows[2][-1] == "60m or later"


@pytest.mark.parametrize("state", ["stopped", "fixed"])
def test_what_leaks_no_more_ends_nothing(state: str) -> None:
    seen = read(page(report(Case(leak(state=state), [curve()]))))
    assert seen.all("section", **{"aria-labelledby": "until"}) == []
    assert "Restart" not in seen.text


def test_two_services_on_one_host_end_each_for_itself() -> None:
    cases = [Case(leak()), Case(leak("cart.Item", service="cart", exhaustion=end(in_s=600.0), jvms=[]))]
    seen = read(page(report(*cases, resources=[heap(service="shop")])))
    section = seen.one("section", **{"aria-labelledby": "until"})
    rows = [[cell.text for cell in row.inside] for row in section.all("tbody")[0].inside]
    assert [row[:2] for row in rows] == [["cart on h1", "heap"], ["shop on h1", "heap"]]
    assert section.one("figcaption").text.startswith("Heap of shop on h1: ends in 80m")
    assert seen.one("main").one("h1").text == "2 memory leaks in cart, shop"


def test_of_many_hosts_the_first_are_listed_and_the_rest_is_folded() -> None:
    jvm = leak()["jvms"][0]
    many = leak(jvms=[{**jvm, "host": f"h{number}"} for number in range(40)])
    section = read(page(report(Case(many)))).one("section", **{"aria-labelledby": "leak-1"})
    (folded,) = section.all("details")
    assert folded.one("summary").text == "29 more"  # a clean host is the last of them
    assert len(folded.one("tbody").inside) == 29
    assert len(section.all("tbody")[0].inside) == 12


def test_a_proof_is_told_with_both_sides() -> None:
    side = {
        "slope_per_s": 41.0,
        "between": [39.0, 43.0],
        "samples": 240,
        "births_per_s": 55.0,
        "deaths_per_s": 14.0,
    }
    proof = {
        "class": "com.shop.Order",
        "verdict": "fixed",
        "sentence": "com.shop.Order: fixed.",
        "before": {**side, "balance": 0.25},
        "after": {**side, "slope_per_s": 0.0, "between": [-0.1, 0.1], "balance": 1.0},
        "exposure": 1.1,
        "residual": 0.0,
        "more_samples": 0,
        "why": "",
        "hosts": ["h1"],
    }
    case = Case(leak(proof=proof), [curve()], [curve(slope=0.0)])
    fresh = Case(leak("com.shop.Retry"), [curve()], fresh=True)
    seen = read(page(report(case, fresh)))
    assert seen.one("main").one("h1").text == "2 memory leaks in shop, 1 fixed, 1 new"
    assert "With the change: fixed." in seen.one("ol", class_="lead").inside[0].text
    rows = [
        [cell.text for cell in row.inside] for row in seen.one("table", **{"aria-label": "Before"}).all("tr")
    ]
    assert rows[1] == ["before", "41", "39 to 43", "55", "14", "0.25", "240"]
    assert rows[2][:3] == ["after", "0", "-0.1 to 0.1"]
    first, second = (part.text for part in seen.all("section")[:2])
    assert "Nothing: the change is proved" in first
    assert "It came with the change" in second


def test_an_unproved_change_says_what_is_missing() -> None:
    proof = {"verdict": "not enough data", "sentence": "x: not enough data.", "before": None, "after": None}
    seen = read(page(report(Case(leak(proof={**proof, "more_samples": 12})))))
    assert "it takes 12 more histograms of the new version" in seen.text


def test_where_nothing_leaks_the_page_says_so() -> None:
    judged = [
        Judged("h1", "shop", 240, verdict="clean"),
        Judged("h2", "shop", 3, verdict="undecided", reason="3 histograms"),
    ]
    seen = read(page(report(judged=judged)))
    assert seen.one("main").one("h1").text == "No memory leak found"
    assert "Nothing leaks in 2 JVMs." in seen.text
    assert "1 of 2 JVMs cannot be judged yet." in seen.text
    assert "undecided: 3 histograms" in seen.text


def test_how_it_was_judged_is_told() -> None:
    text = page(report(Case(leak()), settings={"growth": 20.0}, source="histos/", version="9.9"))
    how = read(text).one("section", **{"aria-labelledby": "how"}).text
    assert "growth = 20.0" in how
    for said in ("240", "40 / 2", "488 MiB", "leaking"):
        assert said in how
    assert "Made by heapwatch 9.9 at 2026-09-21 14:43:20 UTC." in read(text).one("footer").text
    assert "Histograms: histos/." in read(text).one("footer").text


def test_a_recording_without_a_calendar_counts_from_its_start() -> None:
    case = leak(since=65_000, since_between=[60_000, 70_000], evidence=[], jvms=[])
    lines = [curve(times=[1000.0 * n for n in range(24)])]
    seen = read(page(report(Case(case, lines), judged=[])))
    assert "00:01:05 into the recording" in seen.one("dl", class_="facts").text
    assert "1970" not in seen.text


def test_what_a_server_knows_of_a_leak_is_told() -> None:
    history = [{"time": START, "state": "suspect", "text": "suspect on h1"}]
    seen = {"by": "ann", "at": START + MINUTE, "note": "known"}
    text = read(page(report(Case(leak(history=history, acknowledged=seen))))).text
    assert "2026-09-21 14:13:20 UTC: suspect on h1" in text
    assert "acknowledged by ann: known" in text


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"state": "suspect"}, "heapwatch histo JVM --live"),
        ({"kind": "thread"}, "jcmd PID Thread.print"),
        ({"kind": "class-loader"}, "jcmd PID VM.classloader_stats"),
        ({"kind": "off-heap"}, "jcmd PID VM.native_memory summary"),
        ({"kind": "heap"}, "jcmd PID GC.heap_dump"),
        ({"scope": "systemic", "hosts": ["h1", "h3"]}, "2 of 3 hosts leak alike"),
        ({"scope": "individual"}, "Only one host leaks"),
        ({"scope": "partial", "versions": {"1.1": ["h1"]}}, "it leaks with 1.1: h1"),
        ({}, "Restart h1 before its heap ends in 80m"),
        ({}, "heapwatch verify BEFORE/ AFTER/"),
    ],
)
def test_what_to_do_next_follows_from_what_is_known(told: dict[str, object], said: str) -> None:
    text = read(page(report(Case(leak(**told))))).text
    assert said in re.sub(r"\s+", " ", text)


def test_a_leak_of_which_little_is_known_has_a_page_too() -> None:
    little = {"class": "a.B", "state": "stopped", "sentence": "a.B leaked.", "rate_per_s": None}
    assert "a.B leaked." in read(page(report(Case(little), judged=[]))).text
