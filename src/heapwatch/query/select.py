"""Which series a selector means.

Class samples are never listed one by one: a selector becomes a union of products (incarnations x classes
x metrics x modes), each side a mask. A path pattern is split where the path is: what a host and `count` or
`size` leave of the pattern decides the classes, and hosts that leave the same share one product. Metric
series are few and are simply looked through. `NOT` is pushed down to the single conditions, which are turned
round there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice

import numpy as np

from heapwatch.query import tree
from heapwatch.query.errors import QueryError
from heapwatch.query.patterns import PathPattern, folded, literal, value_matcher
from heapwatch.query.universe import (
    KINDS,
    METRICS,
    MODES,
    RAW_NAME,
    LabelColumn,
    Mask,
    Table,
    Universe,
    incarnation_labels,
    prefix,
    universe_of,
)
from heapwatch.store.dimensions import NOBODY, Incarnation, Names, Series
from heapwatch.store.errors import near

MOST_PRODUCTS = 256
MOST_COMPARED = 2_000
MOST_AT_ONCE = 4096
"""Products before they are merged."""

Test = Callable[[str], bool]


@dataclass(frozen=True)
class Product:
    """The class samples of some incarnations, classes, metrics (as METRICS) and modes (as MODES)."""

    jvms: Mask
    classes: Mask
    metrics: Mask
    modes: Mask

    @property
    def sides(self) -> tuple[Mask, Mask, Mask, Mask]:
        return self.jvms, self.classes, self.metrics, self.modes

    @property
    def empty(self) -> bool:
        return not all(side.any() for side in self.sides)

    def both(self, other: Product) -> Product:
        return Product(*(one & two for one, two in zip(self.sides, other.sides, strict=True)))

    def without(self, other: Product) -> list[Product]:
        """What is left of it, as products that do not overlap."""
        left = []
        rest = list(self.sides)
        for place, side in enumerate(other.sides):
            cut = list(rest)
            cut[place] = rest[place] & ~side
            left.append(Product(*cut))
            rest[place] = rest[place] & side
        return [each for each in left if not each.empty]


@dataclass(frozen=True)
class Selected:
    """What a selector means in one store: disjoint products of `jvms` and `classes`, and metric series."""

    jvms: Sequence[Incarnation]
    universe: Universe
    products: Sequence[Product]
    series: Sequence[Series]
    mode_given: bool  # the selector speaks of the mode
    unknown: Sequence[str] = ()  # what nothing has, and what may have been meant

    @property
    def empty(self) -> bool:
        return not self.products and not self.series


def select(
    names: Names, selector: tree.Selector, from_: int, to: int, mode: str = MODES[0], text: str = ""
) -> Selected:
    """Resolve a selector among what was heard of in the range; `mode` holds where it says nothing of it."""
    universe = universe_of(names)
    scope = _Scope(universe, universe.alive(from_, to), text)
    mode_given = _speaks_of_mode(selector)
    if not mode_given and mode in MODES:
        wanted = tree.Match(tree.Name("mode"), (tree.Pattern(mode),))
        products = [each for one in scope.products(selector) for each in [one.both(scope.of_mode(wanted))]]
    else:
        products = scope.products(selector)
    series = scope.series_of(selector)
    products = _disjoint([each for each in products if not each.empty])
    unknown = () if products or series else tuple(scope.unknown(selector))
    return Selected(scope.jvms, universe, products, series, mode_given, unknown)


def _merged(products: Iterable[Product]) -> list[Product]:
    """The same union, where those that differ on one side only are one."""
    found = list(products)
    for side in range(4):
        alike: dict[tuple[bytes, ...], list[Mask]] = {}
        for each in found:
            key = tuple(mask.tobytes() for place, mask in enumerate(each.sides) if place != side)
            known = alike.setdefault(key, list(each.sides))
            known[side] = known[side] | each.sides[side]
        found = [Product(*sides) for sides in alike.values()]
    return found


def _disjoint(products: Sequence[Product]) -> list[Product]:
    done: list[Product] = []
    for product in products:
        parts = [product]
        for known in done:
            parts = [left for part in parts for left in part.without(known)]
        done += parts
    return done


def _speaks_of_mode(selector: tree.Selector) -> bool:
    if isinstance(selector, tree.Match):
        return folded(selector.key.text) == "mode"
    if isinstance(selector, tree.Not):
        return _speaks_of_mode(selector.part)
    if isinstance(selector, tree.And | tree.Or):
        return any(map(_speaks_of_mode, selector.parts))
    return False


class _Scope:
    def __init__(self, universe: Universe, jvms: Sequence[Incarnation], text: str) -> None:
        self.universe = universe
        self.jvms = jvms
        self._text = text
        self._jvm_table = Table()
        for each in jvms:
            self._jvm_table.add(incarnation_labels(each).items())
        # others may make the universe grow meanwhile
        self._classes = len(universe.class_ids)
        self._series = len(universe.series)
        self._owners: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None

    # ---- class samples

    def products(self, selector: tree.Selector, negated: bool = False) -> list[Product]:
        if isinstance(selector, tree.Not):
            return self.products(selector.part, not negated)
        if isinstance(selector, tree.And | tree.Or):
            parts = [self.products(part, negated) for part in selector.parts]
            if isinstance(selector, tree.And) == negated:
                return self._few([each for part in parts for each in part], selector)
            found = [self._all()]
            for part in parts:
                found = self._few((a.both(b) for a in found for b in part), selector)
            return found
        found = self._few(self._atom(selector), selector)
        flip = negated != (isinstance(selector, tree.Match) and selector.negated)
        return self._but(found) if flip else found

    def _few(self, products: Iterable[Product], selector: tree.Selector) -> list[Product]:
        """The same samples in fewer products; each word of a selector would multiply them otherwise."""
        some = list(islice((each for each in products if not each.empty), MOST_AT_ONCE + 1))
        found = _merged(some)
        if len(found) > MOST_PRODUCTS or len(some) > MOST_AT_ONCE:
            raise QueryError(
                "this selector asks for too many combinations at once",
                self._text,
                selector.span,
                hint="split it into rows #A, #B",
            )
        return found

    def _but(self, products: Sequence[Product]) -> list[Product]:
        left = [self._all()]
        for product in products:
            left = [part for each in left for part in each.without(product)]
        return left

    def _all(self) -> Product:
        return Product(
            np.ones(len(self.jvms), np.bool_),
            np.ones(self._classes, np.bool_),
            np.ones(len(METRICS), np.bool_),
            np.ones(len(MODES), np.bool_),
        )

    def of_mode(self, match: tree.Match) -> Product:
        return self._sides(match.key.text, _any_of(match.patterns))[0]

    def _atom(self, atom: tree.Match | tree.Word) -> list[Product]:
        """The products that fit, whether the condition is negated or not."""
        if isinstance(atom, tree.Word):
            if "." in atom.pattern.text:
                return self._path(atom.pattern)
            return self._keyword(value_matcher(atom.pattern.text), atom.pattern)
        key = folded(atom.key.text)
        if key == folded(RAW_NAME):
            return [each for pattern in atom.patterns for each in self._path(pattern)]
        found = self._sides(key, _any_of(atom.patterns))
        if any(pattern.text == "" for pattern in atom.patterns):
            found += self._but(self._sides(key, lambda _: True))
        return found

    def _sides(self, key: str, test: Test) -> list[Product]:
        """Where a label fits, by the side that has it."""
        found = []
        everything = self._all()
        for _, column in self._jvm_table.named("host" if key == "_1" else key):
            mask, _ = column.fits(test if key != "_1" else _escaped(test), len(self.jvms))
            found.append(replace(everything, jvms=mask))
        if key != "_1":
            for _, column in self.universe.classes.named(key):
                found.append(replace(everything, classes=column.fits(test, self._classes)[0]))
        if key in ("metric", "_2"):
            values = METRICS if key == "metric" else [KINDS[metric] for metric in METRICS]
            found.append(replace(everything, metrics=np.array([test(value) for value in values])))
        if key == "mode":
            found.append(replace(everything, modes=np.array([test(value) for value in MODES])))
        return found

    def _keyword(self, test: Test, pattern: tree.Pattern) -> list[Product]:
        keys = [*self._jvm_table.columns, *self.universe.classes.columns, "metric", "mode", "_1", "_2"]
        if test(RAW_NAME) or any(test(key) for key in ("host", "jvm", "class", "package", "metric", "mode")):
            return [self._all()]
        found = []
        for key in dict.fromkeys(map(folded, keys)):
            found += self._sides(key, (lambda _: True) if test(key) else test)
        if "*" in pattern.text:  # a run may go over the dots of a path
            found += self._path(replace(pattern, text=pattern.text.replace("*", "**")))
        return found

    def _path(self, pattern: tree.Pattern) -> list[Product]:
        path = PathPattern(pattern.text)
        everything = self._all()
        left: dict[tuple[frozenset[int], int], list[int]] = {}
        for hosts in _by_host(self.jvms).values():
            for place, metric in enumerate(METRICS):
                states = path.after(prefix(self.jvms[hosts[0]].who.host, metric))
                if states:
                    left.setdefault((states, place), []).extend(hosts)
        found = []
        masks: dict[frozenset[int], Mask] = {}
        for (states, place), jvms in left.items():
            if states not in masks:
                test = path.matcher(states)
                paths = self.universe.folded_paths[: self._classes]
                masks[states] = np.array([test(each) for each in paths], np.bool_)
            found.append(
                replace(
                    everything,
                    jvms=_mask(jvms, len(self.jvms)),
                    classes=masks[states],
                    metrics=_mask([place], len(METRICS)),
                )
            )
        return found

    def unknown(self, selector: tree.Selector) -> Iterator[str]:
        """Labels and values written out that nothing has: a typing mistake must not look like silence."""
        if isinstance(selector, tree.Not):
            return
        if isinstance(selector, tree.And | tree.Or):
            for part in selector.parts:
                yield from self.unknown(part)
        elif isinstance(selector, tree.Match) and not selector.negated:
            tables = (self._jvm_table, self.universe.classes, self.universe.series_labels)
            columns = [column for table in tables for _, column in table.named(selector.key.text)]
            known = {value for column in columns for value in column.values} | set(
                METRICS if folded(selector.key.text) == "metric" else ()
            )
            for word in filter(None, (literal(pattern.text) for pattern in selector.patterns)):
                if folded(word) not in map(folded, known) and folded(selector.key.text) != "mode":
                    meant = near(word, _alike(word, known))
                    hint = f", did you mean {' or '.join(meant)}?" if meant else ""
                    yield f"nothing has {selector.key.text}={word}{hint}"

    # ---- metric series

    def series_of(self, selector: tree.Selector) -> list[Series]:
        series = self.universe.series[: self._series]
        if not series:
            return []
        incarnations = self.universe.incarnations_of_series()[: self._series]
        ids = np.array([each.id for each in self.jvms], np.uint64)
        order = np.argsort(ids)
        at = np.searchsorted(ids, incarnations, sorter=order).clip(max=max(0, len(ids) - 1))
        self._owners = np.full(len(series), -1, np.int64)
        if len(ids):
            self._owners = np.where(ids[order[at]] == incarnations, order[at], -1)
        ours = (self._owners >= 0) | (incarnations == NOBODY)
        mask = self._series_mask(selector) & ours
        return [series[place] for place in np.flatnonzero(mask).tolist()]

    def _series_mask(self, selector: tree.Selector) -> Mask:
        if isinstance(selector, tree.Not):
            return ~self._series_mask(selector.part)
        if isinstance(selector, tree.And):
            return reduce(np.logical_and, map(self._series_mask, selector.parts))
        if isinstance(selector, tree.Or):
            return reduce(np.logical_or, map(self._series_mask, selector.parts))
        if isinstance(selector, tree.Word):
            return self._series_word(selector.pattern)
        key = folded(selector.key.text)
        if key == folded(RAW_NAME):
            tests = [_path_test(pattern) for pattern in selector.patterns]
            mask, _ = self._series_label(key, lambda text: any(test(text) for test in tests))
        else:
            mask, present = self._series_label(key, _any_of(selector.patterns))
            if any(pattern.text == "" for pattern in selector.patterns):
                mask = mask | ~present
        return ~mask if selector.negated else mask

    def _series_label(self, key: str, test: Test) -> tuple[Mask, Mask]:
        """Which series fit, and which have the label; a tag goes before the JVM's label of that name."""
        count = self._series
        mask, present = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        assert self._owners is not None
        for table, places in ((self.universe.series_labels, None), (self._jvm_table, self._owners)):
            for _, column in table.named(key):
                fits, has = _stretched(column, test, count if places is None else len(self.jvms), places)
                mask |= fits & ~present
                present |= has
        return mask, present

    def _series_word(self, pattern: tree.Pattern) -> Mask:
        if "." in pattern.text:
            mask, _ = self._series_label(RAW_NAME, _path_test(pattern))
            return mask
        test = value_matcher(pattern.text)
        mask = np.zeros(self._series, np.bool_)
        for key in dict.fromkeys([*self.universe.series_labels.columns, *self._jvm_table.columns]):
            fits, present = self._series_label(key, test)
            mask |= present if test(key) else fits
        return mask


def _stretched(
    column: LabelColumn, test: Test, count: int, places: np.ndarray[tuple[int], np.dtype[np.int64]] | None
) -> tuple[Mask, Mask]:
    fits, has = column.fits(test, count)
    if places is None:
        return fits, has
    return np.append(fits, False)[places], np.append(has, False)[places]


def _alike(word: str, known: Collection[str]) -> Collection[str]:
    """Of very many names only those with the same beginning or the same last segment: comparing is slow."""
    if len(known) <= MOST_COMPARED:
        return known
    begin, last = folded(word)[:4], folded(word).rpartition(".")[2]
    looks = ((name, folded(name)) for name in known)
    return list(islice((name for name, text in looks if text[:4] == begin or last in text), MOST_COMPARED))


def _any_of(patterns: Sequence[tree.Pattern]) -> Test:
    tests = [value_matcher(pattern.text) for pattern in patterns]
    return tests[0] if len(tests) == 1 else lambda text: any(test(text) for test in tests)


def _path_test(pattern: tree.Pattern) -> Test:
    test = PathPattern(pattern.text).matcher()
    return lambda path: test(folded(path))


def _escaped(test: Test) -> Test:
    return lambda host: test(prefix(host, METRICS[0]).partition(".")[0])


def _by_host(jvms: Sequence[Incarnation]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, each in enumerate(jvms):
        found.setdefault(each.who.host, []).append(place)
    return found


def _mask(places: Sequence[int], count: int) -> Mask:
    mask = np.zeros(count, np.bool_)
    mask[list(places)] = True
    return mask
