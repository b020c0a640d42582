"""Rule scripts: those beside this file hold, and what is not as expected is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from heapwatch.errors import UsageError
from heapwatch.monitor import marked, rules
from heapwatch.monitor.load import combined, load

pytestmark = pytest.mark.store

SCRIPTS = sorted(Path(__file__).parent.glob("*.hwt"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_what_a_script_expects_is_so(script: Path) -> None:
    outcomes = list(rules.check(script))
    assert outcomes
    assert [(each.where, *each.problems) for each in outcomes if each.problems] == []


RULE = """\
monitors
  monitors: [{name: load, kind: query, query: metric=load | max by host, every: 1m, delay: 0s, window: 1m, \
critical: {above: 5}}]
load every 1m from 2026-01-01T00:00:00Z
  {metric=load host=web1}  9x2
run from 2026-01-01T00:00:00Z to +2m
"""

UNEXPECTED = {
    "expect at +1m": "is not expected: load {host=web1} critical 9 (9 is above 5 at some time in 60 s)",
    "expect at +1m\n  load {host=web1} critical 8": "is not so: load {host=web1} critical 9",
    "expect at +1m\n  load {host=web2} critical": "load has no group {host=web2}",
    "expect at +1m\n  laod {host=web2} critical": "there is no monitor 'laod'",
    "expect nothing": "+ 2026-01-01T00:01:00.000Z load {host=web1} ok critical",
    "expect transitions\n  +2m load {host=web1} ok critical": "- 2026-01-01T00:02:00.000Z load",
    "expect error": "were expected not to be read, and are",
    "": "nothing is expected of this run",
}


@pytest.fixture(scope="module")
def unexpected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is told of each run; in one script, so of one store, with a monitor of its own for each run."""
    head, load = RULE.split("load every")
    data, run = load.split("run from")
    parts = ["load every" + data]
    for number, expected in enumerate(UNEXPECTED):
        mine = expected.replace("  load ", f"  load{number} ").replace("+2m load ", f"+2m load{number} ")
        parts += [head.replace("name: load", f"name: load{number}"), "run from" + run, f"{mine}\n"]
    script = tmp_path_factory.mktemp("unexpected") / "load.hwt"
    script.write_text("".join(parts))
    told = ["\n".join(outcome.problems) for outcome in rules.check(script)]
    return {
        expected: problems.replace(f"load{number} ", "load ").split("\n")
        for number, (expected, problems) in enumerate(zip(UNEXPECTED, told, strict=True))
    }


@pytest.mark.parametrize("expected", UNEXPECTED)
def test_what_is_not_so_is_told(unexpected: dict[str, list[str]], expected: str) -> None:
    assert UNEXPECTED[expected] in "\n".join(unexpected[expected])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("expect at +1m\n  load critical", "write MONITOR {labels} STATE"),
        ("expect at +1m\n  load {host=web1} broken", "states are ok, pending"),
        ("expect later", "expect what?"),
        ("leaks at 2026-01-01T00:00:00Z\n  {class=a} fixed", "a leak is suspect or confirmed"),
        ("run from now to +2m", "is not a time"),
        ("monitors", "name a file after `monitors`"),
    ],
)
def test_what_is_no_script_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    script = tmp_path / "load.hwt"
    script.write_text(RULE + line + "\n")
    with pytest.raises(UsageError) as caught:
        list(rules.check(script))
    assert str(caught.value).startswith(f"{script}:")
    assert told in str(caught.value)


HEAP = """\
monitors:
  - name: heap
    kind: query
    query: metric=load | max by host
    critical: {above: 90}
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            HEAP + "    evrey: 1m\n",
            "6:5: monitors[0].evrey: this key is",
        ),
        (HEAP.replace("kind: query", "kind: quary"), "3:5: monitors[0].kind: 'quary' is none of query, leak"),
        (HEAP.replace("    kind: query\n", ""), "2:5: monitors[0]: kind: Field required"),
        (HEAP.replace("above: 90", "above: 90, until: 95"), "until is where it is right again: at most 90"),
        (HEAP.replace("above: 90", "above: 90, below: 5"), "5:5: monitors[0].critical: give above or below"),
        (HEAP.replace("above: 90", "above: much"), "'much' is not an amount such as 90, 1.5GiB or 80%"),
        (HEAP + "    warning: {above: 95}\n", "critical is further out than warning"),
        (HEAP + "    warning: {below: 5}\n", "both above something, or both below"),
        (HEAP + "    every: 5\n", "6:5: monitors[0].every: 5 of what? Write a span with its unit"),
        (HEAP + "    window: 90s\n    step: 1m\n", "window (90 s) is not a whole number of steps"),
        (HEAP + "    window: 2m\n    points: 9\n", "a window has 2, never 9"),
        (HEAP + "    row: B\n", "the query has no row #B"),
        (
            HEAP + "    notify: [{to: oncall}]\n",
            "6:15: monitors[0].notify[0].to: no receiver is called 'oncall'",
        ),
        (HEAP + "    mute: [{zone: Mars}]\n", "'Mars' is not a time zone"),
        (
            HEAP + HEAP.partition("\n")[2],
            "6:5: monitors[1].name: 'heap' stands twice; the first is in r.yml:2",
        ),
        (HEAP + "receivers: [{name: a, apprise: 'tgram://1/2'}]\n", "such an address is a secret"),
        (HEAP + "receivers: [{name: a, webhook: 'http://u:p@x/'}]\n", "an address with a secret in it"),
        (HEAP + "receivers: [{name: a}]\n", "give one of apprise, webhook and alertmanager"),
        ("monitors: [{name: a, kind: leak, confirmed: ok}]", "it never says anything"),
        ("monitors: [{name: a, kind: exhaustion}]", "give warning or critical"),
        (
            "monitors: [{name: a, kind: exhaustion, critical: {below: 6h, until: 5h}}]",
            "not nearer than below",
        ),
        ("monitors: [{name: a, kind: missing, of: series, critical: 5m}]", "a query goes with `of: series`"),
        ("monitors: [{name: a, kind: log, query: 'error |', critical: {above: 5}}]", "query: line 1, column"),
    ],
)
def test_a_fault_in_a_file_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        combined([marked.parse(text, "r.yml")])
    assert str(caught.value).startswith("r.yml:")
    assert told in str(caught.value)


def test_a_folder_of_files_is_one_book_in_which_names_are_unique(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(HEAP + "    notify: [{to: oncall}]\n")
    (tmp_path / "b.yaml").write_text("receivers: [{name: oncall, webhook: 'http://127.0.0.1:1/'}]\n")
    (tmp_path / ".c.yml").write_text("[")
    book = load(tmp_path)
    assert ([each.name for each in book.monitors], [each.way for each in book.receivers]) == (
        ["heap"],
        ["webhook"],
    )
    (tmp_path / "d.yml").write_text(HEAP)
    with pytest.raises(UsageError, match=r"d\.yml:2:5: monitors\[0\].name: 'heap' stands twice"):
        load(tmp_path)
