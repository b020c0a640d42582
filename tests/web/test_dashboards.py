"""Dashboards: what their text may say, how they are kept, and that the built-in ones are right."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import Server

from heapwatch.errors import UsageError
from heapwatch.store.errors import NotFound
from heapwatch.web.dashboards import Changed, ReadOnly, Shelf, read
from heapwatch.web.dashboards.edit import empty, with_panel
from heapwatch.web.dashboards.model import Panel, size
from heapwatch.web.dashboards.questions import filled
from heapwatch.web.dashboards.shelf import BUILT_IN
from heapwatch.web.dashboards.variables import substitute, used

CASES = json.loads((Path(__file__).parent / "variables.json").read_text())
BUILT_INS = sorted(path.stem for path in BUILT_IN.glob("*.yaml"))

SMALL = """\
title: Shop
variables:
  - {name: host, kind: label, label: host, default: web1}
panels:
  - title: Heap
    query: metric=jvm.heap.used host=$host | sum
    unit: bytes   # what the axis says
    limit: 800 MiB
  - title: Errors
    logs: error host=$host | count by _sourceHost
    chart: table
"""


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_values_go_into_queries(case: dict[str, Any]) -> None:
    assert substitute(case["text"], case["values"]) == case["becomes"]


@given(st.text(), st.dictionaries(st.sampled_from(["a", "b"]), st.lists(st.text(), max_size=3)))
def test_any_text_with_any_values_becomes_a_text(text: str, values: dict[str, list[str]]) -> None:
    assert isinstance(substitute(text, values), str)
    if "$" not in text:
        assert substitute(text, values) == text


def test_a_variable_is_told_from_a_dollar_of_java() -> None:
    assert used("class=a.$colon$colon host=$host ${more}.x Outer$inner") == {"host", "more"}


def test_a_dashboard_says_what_it_shows() -> None:
    found = read(SMALL)
    assert found.ok
    assert found.dashboard is not None
    heap, errors = found.dashboard.panels
    assert (heap.unit, heap.limit, heap.chart, heap.width) == ("bytes", float(800 << 20), "line", "half")
    assert errors.logs is not None
    assert [text for _, _, text in filled(found.dashboard)] == [
        "metric=jvm.heap.used host=web1 | sum",
        "error host=web1 | count by _sourceHost",
    ]


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        (("unit: bytes", "unit: byte"), 7, "`unit`: input should be 'bytes'"),
        (("unit: bytes", "unti: bytes"), 7, "unknown word `unti`; did you mean `unit`?"),
        (("    logs: error", "    log: error"), 10, "unknown word `log`; did you mean `logs`?"),
        (("    logs: error", "    query: x\n    logs: error"), 9, "either `query` or `logs`"),
        (("title: Shop\n", ""), 1, "`title` is missing"),
        (("host=$host | sum", "host=$hots | sum"), 6, "there is no variable `hots`"),
        (("800 MiB", "a lot"), 8, "'a lot' is not a size"),
        (("kind: label, ", "kind: lable, "), 3, "`kind`"),
        (("label: host, ", ""), 3, "needs `label`"),
        (("chart: table", "chart: [table]"), 11, "`chart`"),
        (("title: Errors", "title: Errors\n    title: Again"), 10, "stands here twice"),
        (("title: Shop", "title: 'Shop"), 12, "end of stream"),
        (("title: Shop", "title: &x Shop"), 1, "aliases"),
        (("title: Shop", "title: !!python/object:os.system Shop"), 1, "could not determine a constructor"),
        (("title: Shop", "range: a while\ntitle: Shop"), 1, "not a range"),
        (("title: Shop", "\ttitle: Shop"), 1, "cannot start any token"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(change: tuple[str, str], line: int, told: str) -> None:
    faults = read(SMALL.replace(*change)).faults
    assert any(fault.line == line and told in fault.message for fault in faults), faults


def test_a_query_that_makes_no_sense_is_found_in_its_line() -> None:
    text = SMALL.replace("host=$host | sum", "host=$host | sums").replace("| count by", "| cuont by")
    assert [fault.line for fault in read(text).faults] == [6, 10]
    block = "title: x\npanels:\n  - title: y\n    query: |\n      #A a=1\n      #B b=2 | topk(x)\n"
    assert [fault.line for fault in read(block).faults] == [6]


def test_a_fault_in_a_block_of_text_is_found_in_its_own_line() -> None:
    text = "title: x\npanels:\n  - title: y\n    query: |\n      #A a=1\n      #B b=$nobody\n"
    assert [(fault.line, fault.message) for fault in read(text).faults] == [
        (6, "there is no variable `nobody`")
    ]


@given(st.text(alphabet=st.sampled_from("abtile: \n-{}[]&*!|>'\"#,?%@\t1"), max_size=80))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    found = read(text)
    assert found.ok or all(fault.line >= 1 and fault.message for fault in found.faults)


@given(st.integers(0, len(SMALL)), st.characters())
def test_a_slip_of_the_finger_gives_a_dashboard_or_a_line(place: int, slip: str) -> None:
    found = read(SMALL[:place] + slip + SMALL[place:])
    lines = SMALL.count("\n") + 3
    assert found.ok or all(1 <= fault.line <= lines for fault in found.faults)


def test_nesting_without_end_is_refused() -> None:
    assert not read("title: x\npanels: " + "[" * 5000).ok
    assert not read("x: " * 200_000).ok


@pytest.mark.parametrize(
    ("text", "bytes_"), [("800 MiB", 800 << 20), ("1.5g", 1.5 * (1 << 30)), ("5000", 5000)]
)
def test_sizes_are_read(text: str, bytes_: float) -> None:
    assert size(text) == bytes_


PANEL = Panel(title="More: of it", query="#A a=1\n#B b=2\n#A + #B", unit="bytes")


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        SMALL + "\n# the end\n",
        SMALL.rstrip("\n"),
        SMALL.replace("panels:", "panels:").replace("  - title", "- title").replace("    ", "  "),
        "title: x\npanels: []\nrange: -2h\n",
        "title: x\npanels: [{title: a, query: b=c}]\nrange: -2h\n",
        "panels:\n  - title: a\n    query: |\n      b=c\n\nrange: -2h\ntitle: x\n",
        empty("x"),
    ],
)
def test_a_panel_is_added_at_the_end_and_the_rest_stays(text: str) -> None:
    before, after = read(text).dashboard, read(with_panel(text, PANEL)).dashboard
    assert before is not None
    assert after is not None
    assert after.panels == [*before.panels, PANEL]
    assert after.model_dump(exclude={"panels"}) == before.model_dump(exclude={"panels"})
    if "[" not in text:
        kept = with_panel(text, PANEL)
        assert all(line in kept for line in text.splitlines())


class TestShelf:
    def test_what_was_put_is_there_until_it_is_deleted(self, tmp_path: Path) -> None:
        shelf = Shelf(tmp_path / "dashboards")
        assert [stored.name for stored in shelf.all()] == BUILT_INS
        shelf.put("shop", SMALL)
        assert shelf.get("shop").text == SMALL
        assert [stored.name for stored in Shelf(tmp_path / "dashboards").all()][-1] == "shop"
        shelf.delete("shop")
        with pytest.raises(NotFound):
            shelf.get("shop")
        with pytest.raises(NotFound):
            shelf.delete("shop")
        assert list((tmp_path / "dashboards").iterdir()) == []

    def test_built_in_ones_are_not_changed(self, tmp_path: Path) -> None:
        shelf = Shelf(tmp_path)
        with pytest.raises(ReadOnly):
            shelf.put("memory-leak", SMALL)
        with pytest.raises(ReadOnly):
            shelf.delete("memory-leak")
        (tmp_path / "memory-leak.yaml").write_text(SMALL)
        assert shelf.get("memory-leak").builtin

    @pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "A", "a.yaml", "-a", "a" * 65, "a\n", "ä"])
    def test_a_name_is_no_path(self, tmp_path: Path, name: str) -> None:
        for act in (Shelf(tmp_path).get, Shelf(tmp_path).delete, lambda it: Shelf(tmp_path).put(it, SMALL)):
            with pytest.raises(UsageError):
                act(name)

    def test_two_who_edit_at_once_notice_each_other(self, tmp_path: Path) -> None:
        shelf = Shelf(tmp_path)
        first = shelf.put("shop", SMALL, replaces="")
        shelf.put("shop", SMALL + "# hers\n", replaces=first.version)
        with pytest.raises(Changed, match="changed meanwhile"):
            shelf.put("shop", SMALL + "# his\n", replaces=first.version)
        with pytest.raises(Changed):
            shelf.put("shop", SMALL, replaces="")
        assert shelf.get("shop").text.endswith("# hers\n")

    def test_readers_see_a_whole_text_while_it_is_replaced(self, tmp_path: Path) -> None:
        shelf = Shelf(tmp_path)
        texts = [SMALL * number for number in (1, 400)]
        shelf.put("shop", texts[0])
        done = threading.Event()

        def write() -> None:
            for number in range(60):
                shelf.put("shop", texts[number % 2])
            done.set()

        writer = threading.Thread(target=write)
        writer.start()
        seen = set()
        while not done.is_set():
            seen.add(shelf.get("shop").text)
        writer.join()
        assert seen <= set(texts)


def test_the_example_of_the_documentation_has_no_fault() -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "dashboards.md").read_text()
    example = page.split("```yaml\n")[1].split("```")[0]
    assert read(example).faults == ()


@pytest.mark.parametrize("name", BUILT_INS)
def test_a_built_in_dashboard_has_no_fault(name: str) -> None:
    found = read((BUILT_IN / f"{name}.yaml").read_text())
    assert found.faults == ()
    assert found.dashboard is not None
    assert len(found.dashboard.panels) >= 6


@pytest.mark.store
class TestRoutes:
    def test_a_dashboard_is_stored_listed_and_deleted(self, server: Server) -> None:
        http = server.http
        assert http.get("/api/v1/dashboards/shop").status_code == 404
        stored = http.put("/api/v1/dashboards/shop", json={"text": SMALL, "replaces": ""}).json()
        assert stored["definition"]["panels"][0]["limit"] == 800 << 20
        assert (server.data / "dashboards" / "shop.yaml").read_text() == SMALL
        listed = {row["name"]: row for row in http.get("/api/v1/dashboards").json()["dashboards"]}
        assert set(BUILT_INS) < set(listed)
        assert (listed["shop"]["title"], listed["shop"]["panels"], listed["shop"]["builtin"]) == (
            "Shop",
            2,
            False,
        )
        again = http.put("/api/v1/dashboards/shop", json={"text": SMALL, "replaces": ""})
        assert (again.status_code, again.json()["error"]["code"]) == (409, "changed")
        assert http.delete("/api/v1/dashboards/shop").json() == {"deleted": "shop"}
        assert http.get("/api/v1/dashboards/shop").status_code == 404

    def test_a_text_with_faults_is_not_stored(self, server: Server) -> None:
        broken = SMALL.replace("unit: bytes", "unit: byte")
        refused = server.http.put("/api/v1/dashboards/broken", json={"text": broken})
        assert refused.status_code == 422
        assert refused.json()["error"]["message"].startswith("line 7: `unit`")
        assert server.http.get("/api/v1/dashboards/broken").status_code == 404
        checked = server.http.post("/api/v1/dashboards/check", json={"text": broken}).json()
        assert (checked["ok"], checked["definition"], checked["faults"][0]["line"]) == (False, None, 7)
        assert server.http.post("/api/v1/dashboards/check", json={"text": SMALL}).json()["ok"] is True

    def test_a_file_that_somebody_spoilt_is_listed_with_its_faults(self, server: Server) -> None:
        server.http.put("/api/v1/dashboards/spoilt", json={"text": SMALL})
        (server.data / "dashboards" / "spoilt.yaml").write_bytes(b"title: [\xff")
        shown = server.http.get("/api/v1/dashboards/spoilt").json()
        assert shown["definition"] is None
        assert shown["faults"]
        rows = server.http.get("/api/v1/dashboards").json()["dashboards"]
        assert next(row for row in rows if row["name"] == "spoilt")["faults"] == 1
        server.http.delete("/api/v1/dashboards/spoilt")

    def test_built_in_ones_refuse_changes(self, server: Server) -> None:
        answer = server.http.put("/api/v1/dashboards/memory-leak", json={"text": SMALL})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "read-only")
        assert server.http.delete("/api/v1/dashboards/fleet").status_code == 409

    def test_a_panel_is_added_to_a_new_dashboard_and_to_one_that_is_there(self, server: Server) -> None:
        panel = {"title": "Heap", "query": "metric=heap.bytes | sum", "unit": "bytes"}
        made = server.http.post(
            "/api/v1/dashboards/mine/panels", json={"title": "Mine", "panel": panel}
        ).json()
        assert [one["title"] for one in made["definition"]["panels"]] == ["Heap"]
        more = server.http.post("/api/v1/dashboards/mine/panels", json={"panel": {**panel, "title": "Again"}})
        assert [one["title"] for one in more.json()["definition"]["panels"]] == ["Heap", "Again"]
        twice = server.http.post("/api/v1/dashboards/mine/panels", json={"title": "Mine", "panel": panel})
        assert twice.status_code == 409
        nowhere = server.http.post("/api/v1/dashboards/nowhere/panels", json={"panel": panel})
        assert nowhere.status_code == 404
        bad = server.http.post("/api/v1/dashboards/mine/panels", json={"panel": {"title": "x"}})
        assert bad.status_code == 400
