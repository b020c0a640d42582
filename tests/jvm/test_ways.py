"""Ways from roots: real ones, by whatever holds most of the objects, however a heap is tied."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heapwatch.jvm.ways import Search

THREAD, STACK = "a thread", "a variable on a stack"


class Graph:
    """Objects by number, each of a class of its own: who holds whom, and which are roots."""

    most = 1000

    def __init__(self, held, roots):
        self.held = held
        self.roots = roots

    def holders(self, wanted):
        for holder, all_held in self.held.items():
            for place, held in enumerate(all_held):
                if held in wanted:
                    yield holder, 10_000 + holder, f"f{place}", held

    def alike(self, kind):
        return [kind - 10_000]

    def name(self, kind):
        return str(kind - 10_000)

    def root(self, key, link):
        return self.roots.get(key, "")

    def lasts(self, key):
        return self.roots.get(key) != STACK


def nodes(way):
    return [int(step.holder) for step in way.steps]


def test_what_holds_all_comes_before_what_holds_some_on_a_shorter_way():
    children, parent, queue, system = range(20, 28), 1, 2, 3
    held = {
        system: [parent, queue],
        parent: [10, 11],
        10: [20, 21, 22, 23],
        11: [24, 25, 26, 27],
        queue: [26, 27],
        5: [queue],
        **{child: [parent] for child in children},
    }
    found = Search(Graph(held, {system: THREAD, 5: STACK}), "Child", list(children)).run()
    assert [(way.root, nodes(way)[:2]) for way in found] == [(THREAD, [system, parent]), (STACK, [5, queue])]


edges = st.dictionaries(st.integers(0, 30), st.lists(st.integers(0, 30), max_size=5), max_size=31)
roots = st.dictionaries(st.integers(0, 30), st.sampled_from([THREAD, STACK]), max_size=6)


@given(edges, roots, st.lists(st.integers(0, 30), min_size=1, max_size=32, unique=True))
def test_every_way_leads_from_a_root_to_one_of_the_objects(held, roots, targets):
    for way in Search(Graph(held, roots), "Child", targets).run():
        path = nodes(way)
        assert roots[path[0]] == way.root
        for holder, next_ in zip(path, path[1:]):
            assert next_ in held[holder]
        assert set(held[path[-1]]) & set(targets)
        assert len(set(path)) == len(path)
