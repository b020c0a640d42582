"""Selection over many classes and JVMs: products of masks, never a list of their pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from heapwatch.model import JvmId
from heapwatch.query import tree
from heapwatch.query.errors import QueryError
from heapwatch.query.parse import parse
from heapwatch.query.select import MOST_PRODUCTS, Selected, select
from heapwatch.store.dimensions import Classes, Ids, Incarnation, Names, Series

JVMS, CLASSES = 3_000, 20_000


@pytest.fixture(scope="module")
def names() -> Names:
    return made_up()


def made_up() -> Names:
    """3,000 JVMs on 1,000 hosts, 20,000 classes, 3,000 metric series: 120 million possible class series."""
    made = Names(hashed=False)
    made.classes = classes(made.ids)
    for number in range(JVMS):
        who = JvmId(f"host{number // 3}.example.org", f"app{number % 3}", number, 0)
        each = Incarnation(number + 1, number + 1, who, {"team": f"t{number % 5}"}, 0, 1_000, 0, 1)
        made.jvms.by_id[each.id] = each
        series = Series(number + 1, each.id, "jvm.pool.used", {"pool": f"p{number % 2}"})
        made.series.by_id[series.id] = series
    return made


def classes(ids: Ids) -> Classes:
    found = Classes(ids)
    for number in range(CLASSES):
        package = f"com.acme{number % 20}"
        name = f"{package}.Class{number}"
        found.names[number + 1] = name
        found.packages[number + 1] = package
        found.by_name[name] = number + 1
    return found


def selected(names: Names, text: str) -> Selected:
    body = parse(text).rows[0].body
    assert isinstance(body, tree.Pipeline)
    assert not isinstance(body.source, tree.RowRef)
    return select(names, body.source, 0, 2_000, text=text)


def sizes(found: Selected) -> list[tuple[int, int, int, int]]:
    """JVMs, classes, metrics and modes of each product."""
    return [
        (
            int(each.jvms.sum()),
            int(each.classes.sum()),
            int(each.metrics.sum()),
            int(each.modes.sum()),
        )
        for each in found.products
    ]


def series_count(products: Sequence[tuple[int, int, int, int]]) -> int:
    return sum(int(np.prod(each)) for each in products)


@pytest.mark.parametrize(
    ("text", "products"),
    [
        ("metric=heap.bytes", [(3_000, 20_000, 1, 1)]),
        ("metric=heap.* mode=*", [(3_000, 20_000, 2, 2)]),
        ("*.size.**", [(3_000, 20_000, 1, 1)]),
        ("host7%2Eexample%2Eorg.size.com.acme3.*", [(3, 1_000, 1, 1)]),
        ("host1*.count.com.acme3.**", [(333, 1_000, 1, 1)]),
        ("**.Class77", [(3_000, 1, 2, 1)]),
        ("team=t1 class=*9 metric=heap.bytes", [(600, 2_000, 1, 1)]),
        ("_4=acme3 _2=count _1=host5%2E*", [(3, 1_000, 1, 1)]),
        ("NOT *.size.**", [(3_000, 20_000, 1, 1)]),
        ("package=com.acme3 NOT class=*3 metric=heap.bytes", []),
        ("metric=heap.bytes host=nobody", []),
        ("pool=p1 metric=heap.bytes", []),
    ],
)
def test_a_selector_is_a_few_products(
    names: Names, text: str, products: list[tuple[int, int, int, int]]
) -> None:
    assert sizes(selected(names, text)) == products


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("metric=heap.bytes (team=t1 OR class=*9)", 600 * 20_000 + 2_400 * 2_000),
        ("metric=heap.bytes (team=t1 OR team=t2 OR jvm=app0)", (1_200 + 600) * 20_000),
        ("metric=heap.bytes NOT (team=t1 class=*9)", 3_000 * 20_000 - 600 * 2_000),
        ("(host1%2Eexample%2Eorg.size.** OR **.Class77) metric=heap.bytes", 3 * 20_000 + 2_997),
        ("metric=heap.bytes OR metric=heap.bytes", 3_000 * 20_000),
        ("com.* OR NOT com.*", 3_000 * 20_000 * 2),
    ],
)
def test_products_do_not_overlap(names: Names, text: str, count: int) -> None:
    assert series_count(sizes(selected(names, text))) == count


def test_metric_series_have_the_labels_of_their_jvm(names: Names) -> None:
    assert len(selected(names, "jvm.pool.used team=t1").series) == 600
    assert len(selected(names, "pool=p0 host=host1*").series) == len(
        [n for n in range(0, JVMS, 2) if f"host{n // 3}".startswith("host1")]
    )


def test_names_that_come_later_are_found_too() -> None:
    names = made_up()  # its own: what it adds stays
    before = series_count(sizes(selected(names, "metric=heap.bytes class=late.*")))
    names.classes.names[CLASSES + 1] = "late.Comer"
    names.classes.packages[CLASSES + 1] = "late"
    names.classes.by_name["late.Comer"] = CLASSES + 1
    assert before == 0
    assert sizes(selected(names, "metric=heap.bytes class=late.*")) == [(3_000, 1, 1, 1)]


def test_many_alternatives_are_a_few_products_or_refused_where_they_stand(names: Names) -> None:
    few = " ".join(f"(team!=t{n % 5} OR class!=*{n} OR jvm!=app{n % 3})" for n in range(4))
    assert 0 < len(sizes(selected(names, f"metric=heap.bytes {few}"))) <= MOST_PRODUCTS
    many = " ".join(f"(pid!={n} OR class!=*{n})" for n in range(40))
    with pytest.raises(QueryError, match="too many combinations") as caught:
        selected(names, many)
    assert caught.value.span.start == 0
