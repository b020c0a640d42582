"""`heapwatch dashboard`: from files to the server and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Run, Server

pytestmark = pytest.mark.store

SHOP = "title: Shop\npanels:\n  - title: Heap\n    query: metric=jvm.heap.used | sum\n"


def asked(inside: Run, server: Server, *words: str) -> str:
    answer = inside("dashboard", *words, "--server", server.url)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def refused(inside: Run, server: Server, *words: str) -> str:
    answer = inside("dashboard", *words, "--server", server.url)
    assert answer.returncode == 2, answer.stdout
    assert answer.stderr.count("\n") == 1
    return answer.stderr


def test_a_dashboard_goes_to_the_server_and_comes_back(inside: Run, server: Server, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    assert asked(inside, server, "import", str(tmp_path / "shop.yaml")) == "shop: 1 panels\n"
    assert asked(inside, server, "show", "shop") == SHOP
    told = asked(inside, server, "list").splitlines()
    assert told[0].split()[:4] == ["NAME", "TITLE", "PANELS", "KIND"]
    assert [line.split()[0] for line in told[1:]][-1] == "shop"
    rows = json.loads(asked(inside, server, "list", "--json"))
    assert {row["name"] for row in rows if not row["builtin"]} == {"shop"}
    assert (
        asked(inside, server, "export", "--to", str(tmp_path / "out"))
        == f"{tmp_path / 'out' / 'shop.yaml'}\n"
    )
    assert (tmp_path / "out" / "shop.yaml").read_text() == SHOP
    assert asked(inside, server, "delete", "shop") == "dashboard 'shop' is deleted\n"
    assert "no dashboard is called" in refused(inside, server, "show", "shop")


def test_a_built_in_one_is_copied_under_another_name(inside: Run, server: Server, tmp_path: Path) -> None:
    asked(inside, server, "export", "memory-leak", "--to", str(tmp_path))
    file = str(tmp_path / "memory-leak.yaml")
    assert "built in" in refused(inside, server, "import", file)
    assert asked(inside, server, "import", file, "--name", "mine") == "mine: 8 panels\n"
    asked(inside, server, "delete", "mine")


def test_a_fault_is_said_with_its_line_and_nothing_is_stored(
    inside: Run, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "good.yaml").write_text(SHOP)
    (tmp_path / "bad.yaml").write_text(SHOP.replace("query:", "qeury:"))
    told = refused(inside, server, "import", str(tmp_path / "good.yaml"), str(tmp_path / "bad.yaml"))
    assert "bad.yaml: line 4: unknown word `qeury`; did you mean `query`?" in told
    rows = json.loads(asked(inside, server, "list", "--json"))
    assert all(row["builtin"] for row in rows)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "../token"], "names no dashboard"),
        (["import", "/nowhere/x.yaml"], "cannot read"),
        (["import", "a.yaml", "b.yaml", "--name", "x"], "2 files were given"),
        (["delete", "fleet"], "built in"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    inside: Run, server: Server, words: list[str], told: str
) -> None:
    assert told in refused(inside, server, *words)
