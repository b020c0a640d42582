"""The same leak on several hosts is said once, with what it has in common."""

from __future__ import annotations

import pytest
from simulated import Program, filling, leaking

from heapwatch.detect.fleet import Finding, findings
from heapwatch.detect.judge import judge
from heapwatch.detect.words import evidence, sentence


def fleet(**versions: tuple[str, float]) -> list[Finding]:
    """host -> (version, leaked a second; 0 = none)."""
    programs = [
        Program(
            seed=number,
            host=host,
            version=version,
            populations={"com.shop.Order": leaking(rate)} if rate else {"com.shop.Order": filling(300, 5)},
            heap_max=4e6,
        )
        for number, (host, (version, rate)) in enumerate(versions.items(), 1)
    ]
    return findings(judge(program.run()) for program in programs)


def test_all_hosts_leak_alike_so_it_is_systemic() -> None:
    (found,) = fleet(a=("1", 9), b=("1", 11), c=("1", 8))
    assert (found.root, found.scope, sorted(found.leaks)) == ("com.shop.Order", "systemic", ["a", "b", "c"])


def test_one_of_many_is_individual() -> None:
    (found,) = fleet(a=("1", 9), b=("1", 0), c=("1", 0))
    assert (found.scope, list(found.leaks), sorted(found.clean)) == ("individual", ["a"], ["b", "c"])


def test_some_of_many_are_told_apart_by_version() -> None:
    (found,) = fleet(a=("2", 9), b=("2", 10), c=("1", 0), d=("1", 0))
    assert (found.scope, {version: sorted(hosts) for version, hosts in found.versions.items()}) == (
        "partial",
        {"2": ["a", "b"]},
    )


def test_different_leaks_are_different_findings() -> None:
    one = Program(host="a", populations={"com.shop.Order": leaking(9)})
    other = Program(host="b", populations={"com.crm.Ticket": leaking(9)})
    assert sorted(found.root for found in findings([judge(one.run()), judge(other.run())])) == [
        "com.crm.Ticket",
        "com.shop.Order",
    ]


def test_one_sentence_says_it_all_and_numbers_prove_it() -> None:
    (found,) = fleet(a=("1", 900), b=("1", 800), c=("1", 850))
    said = sentence(found, lambda moment: f"{moment:.0f} s")
    assert said.startswith("com.shop.Order leaks on 3 of 3 hosts since ")
    assert "48 B shallow each" in said
    assert "confirmed by an old collection" in said
    assert said.endswith(").")
    assert "heap is full in" in said
    proofs = evidence(found, str)
    assert all(each["text"] and (each["numbers"] or each.get("query")) for each in proofs)
    assert any("| sum by host" in each.get("query", "") for each in proofs)


@pytest.mark.parametrize("names", [["b", "a"], ["a", "b"]])
def test_the_order_of_hosts_means_nothing(names: list[str]) -> None:
    programs = {n: Program(seed=7, host=n, populations={"com.shop.Order": leaking(9)}) for n in ("a", "b")}
    (found,) = findings(judge(programs[name].run()) for name in names)
    assert (found.scope, sorted(found.leaks)) == ("systemic", ["a", "b"])
