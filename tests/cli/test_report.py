"""`heapwatch report`: leaks on file as one page."""

from __future__ import annotations

from pathlib import Path

import pytest
from reading import read
from recorded import write
from simulated import Program, filling, leaking, walking

from heapwatch.cli.main import run

ROOT = "com.shop.Order"
HOSTILE = "com.shop.<img src=x onerror=alert(1)>Retry"
CHURN = {ROOT: 6e-3}


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    for number, host in enumerate(("shop1", "shop2", "shop3"), 1):
        populations = {ROOT: leaking(900, start=30) if number < 3 else walking(300)}
        write(tmp_path / "before", host, Program(seed=number, host=host, populations=populations).run())
    return tmp_path / "before"


def written(path: Path, *words: str) -> tuple[int, str]:
    page = path.parent / "page.html"
    return run(["report", str(path), "-o", str(page), "--force", *words]), page.read_text()


def test_a_report_has_the_sentence_the_hosts_and_their_curves(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = written(fleet)
    said = capsys.readouterr().out
    assert code == 1
    assert f"{ROOT} leaks on 2 of 3 hosts since 00:00:" in said
    assert f"{fleet.parent / 'page.html'}: 1 leak, " in said
    seen = read(text)
    assert f"{ROOT} leaks on 2 of 3 hosts since 00:00:" in seen.one("p", class_="lead").text
    curves, *heaps = seen.all("figure")
    assert [each.text for each in curves.one("ul", class_="legend").inside][:3] == ["shop1", "shop2", "shop3"]
    lines = [
        each
        for each in curves.one("div", class_="plot").all("path")
        if "line" in each.attributes["class"].split()
    ]
    assert [each.attributes["d"].count("L") + 1 for each in lines[:3]] == [24, 24, 24]
    assert sorted(each.one("figcaption").text[:13] for each in heaps) == ["Heap of shop1", "Heap of shop2"]
    hosts = seen.one("table", **{"aria-label": "Hosts"})
    assert [row.inside[0].text for row in hosts.all("tr")] == ["Host", "shop1", "shop2", "shop3"]
    assert seen.one("section", **{"aria-labelledby": "how"}).text.count("120") == 3


def test_a_fix_is_in_the_report_and_so_is_what_came_with_it(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = fleet.parent / "after"
    for number, host in enumerate(("shop1", "shop2", "shop3"), 11):
        populations = {ROOT: walking(300, step=2)}
        write(after, host, Program(seed=number, host=host, populations=populations, churn=CHURN).run())
    code, text = written(fleet, "--after", str(after))
    assert ": fixed." in capsys.readouterr().out
    assert (code, "fixed" in read(text).one("main").one("h1").text) == (0, True)
    assert len(read(text).one("section", **{"aria-labelledby": "leak-1"}).all("figure")) == 2
    write(
        after, "shop1", Program(seed=11, host="shop1", populations={HOSTILE: leaking(15)}, churn=CHURN).run()
    )
    code, text = written(fleet, "--after", str(after))
    seen = read(text)
    assert code == 1
    assert seen.one("section", **{"aria-labelledby": "leak-2"}).one("h2").text == HOSTILE
    assert "new with the change" in seen.text
    assert {each.name for each in seen.all()} & {"script", "img"} == set()


def test_a_service_that_is_not_there_after_is_not_proved(fleet: Path) -> None:
    write(fleet.parent / "after", "x", Program(service="other").run())
    code, text = written(fleet, "--after", str(fleet.parent / "after"))
    assert code == 1
    assert "there are no histograms of shop after the change" in read(text).text


def test_only_the_class_that_was_asked_for(fleet: Path) -> None:
    code, text = written(fleet, "--class", "*.Order")
    assert (code, len(read(text).all("section", **{"aria-labelledby": "leak-1"}))) == (1, 1)
    code, text = written(fleet, "--class", "com.lib.*")
    assert (code, read(text).one("main").one("h1").text) == (0, "No memory leak found")
    assert read(text).all("figure") == []


def test_where_nothing_leaks_there_is_a_report_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "calm", "calm", Program(populations={ROOT: filling(900, 8)}).run())
    write(tmp_path / "calm", "short", Program(seconds=12, host="short").run())
    code, text = written(tmp_path / "calm")
    assert code == 0
    assert "0 leaks" in capsys.readouterr().out
    assert "1 of 2 JVMs cannot be judged yet." in read(text).text


def test_standard_output_is_the_page_alone(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(fleet), "-o", "-"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("<!doctype html>")
    assert said.out.endswith("</html>\n")
    assert read(said.out).one("main")
    assert said.err == ""


def test_a_file_is_overwritten_only_when_that_is_asked_for(
    fleet: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fleet.parent)
    assert run(["report", str(fleet)]) == 1
    assert Path("heapwatch-report.html").exists()
    assert run(["report", str(fleet)]) == 2
    assert "heapwatch-report.html exists already; --force overwrites it" in capsys.readouterr().err
    assert run(["report", str(fleet), "-o", "none/page.html"]) == 2
    assert "cannot write none/page.html: No such file" in capsys.readouterr().err
    assert sorted(path.name for path in Path().iterdir()) == ["before", "heapwatch-report.html"]


def test_thresholds_that_were_changed_are_named(fleet: Path) -> None:
    settings = fleet.parent / "detect.toml"
    settings.write_text('[detect]\ngrowth = 20.0\napplication = ["com.shop."]\n')
    _, text = written(fleet, "--settings", str(settings))
    how = read(text).one("section", **{"aria-labelledby": "how"}).text
    assert "growth = 20.0" in how
    assert 'application = ["com.shop."]' in how
