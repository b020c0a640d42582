"""What has a path: Graphite's own, and class samples as `<host>.count.<class>` and `<host>.size.<class>`.

Series with tags, and metrics of JVMs, are found by their tags (seriesByTag); `name` is the metric's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query.graphite import globs
from heapwatch.query.promql.matching import BadPattern, compiled
from heapwatch.query.promql.selection import ClassPick, pick
from heapwatch.query.promql.tree import NAME, Matcher
from heapwatch.query.select import Product, Selected
from heapwatch.query.universe import KINDS, METRICS, MODES, Mask, Universe, universe_of
from heapwatch.store.dimensions import NOBODY, Incarnation, Names, Series
from heapwatch.wire.paths import escape, escape_node

MOST_PATHS = 100_000
_ALWAYS = 0, 1 << 62


@dataclass(frozen=True)
class Node:
    """One node under a pattern: a path's end, or with more below it, or both."""

    path: str
    leaf: bool
    branch: bool


class Paths:
    """The paths of one store among what was heard of in a range (ms)."""

    def __init__(self, names: Names, from_ms: int = _ALWAYS[0], to_ms: int = _ALWAYS[1]) -> None:
        self._names = names
        self.universe: Universe = universe_of(names)
        self.jvms: Sequence[Incarnation] = self.universe.alive(from_ms, to_ms)
        self._range = from_ms, to_ms
        self._escaped: list[str] | None = None

    @property
    def class_paths(self) -> list[str]:
        """Each class as the end of a path."""
        if self._escaped is None:
            self._escaped = [escape(name) for name in list(self.universe.class_names)]
        return self._escaped

    def plain(self) -> Iterator[Series]:
        """Series that are known by a path alone."""
        for each in list(self._names.series.of_incarnation.get(NOBODY, ())):
            if not each.tags:
                yield each

    def select(self, pattern: str) -> Selected:
        """What a pattern of paths means."""
        fits = globs.fits(pattern)
        series = [each for each in self.plain() if fits(each.metric)]
        products = list(self._products(pattern))
        return Selected(self.jvms, self.universe, products, series, True)

    def tagged(self, expressions: Sequence[str]) -> Selected:
        """What seriesByTag means."""
        matchers = [matcher(each) for each in expressions]
        if not any(each.sign in ("=", "=~") for each in matchers):
            raise UsageError(
                "seriesByTag: at least one expression says what a tag is, not only what it is not"
            )
        picked = pick(self._names, matchers, self._range[0], self._range[1])
        products = [self._product(each) for each in picked.classes]
        return Selected(self.jvms, self.universe, products, picked.series, True)

    def _products(self, pattern: str) -> Iterator[Product]:
        """Hosts and measures of the same rest of the pattern are one product."""
        nodes = globs.nodes(pattern)
        count = len(self.class_paths)
        rest = globs.joined(nodes[2:])
        deep = globs.ANY in nodes[0] or (len(nodes) > 1 and globs.ANY in nodes[1])
        if not deep and len(nodes) < 3:
            return
        for metric_at, metric in enumerate(METRICS):
            kind = KINDS[metric]
            if deep:
                yield from self._deep(pattern, metric_at, kind)
                continue
            if globs.fits(nodes[1])(kind) is None:
                continue
            host = globs.fits(nodes[0])
            jvms = np.array([host(escape_node(each.who.host)) is not None for each in self.jvms], np.bool_)
            if not jvms.any():
                continue
            fits = globs.fits(rest)
            classes = np.array([fits(path) is not None for path in self.class_paths], np.bool_)
            if count and classes.any():
                yield Product(jvms, classes, _at(metric_at, len(METRICS)), _at(0, len(MODES)))

    def _deep(self, pattern: str, metric_at: int, kind: str) -> Iterator[Product]:
        """`**` before the class: each host is looked at with its whole paths."""
        fits = globs.fits(pattern)
        for host in dict.fromkeys(each.who.host for each in self.jvms):
            before = f"{escape_node(host)}.{kind}."
            classes = np.array([fits(before + path) is not None for path in self.class_paths], np.bool_)
            if classes.any():
                jvms = np.array([each.who.host == host for each in self.jvms], np.bool_)
                yield Product(jvms, classes, _at(metric_at, len(METRICS)), _at(0, len(MODES)))

    def _product(self, each: ClassPick) -> Product:
        ours = {jvm.id for jvm in each.jvms}
        jvms = np.array([jvm.id in ours for jvm in self.jvms], np.bool_)
        metric, mode = METRICS.index(each.metric), MODES.index(each.mode)
        return Product(jvms, each.classes, _at(metric, len(METRICS)), _at(mode, len(MODES)))

    # ---- browsing

    def find(self, pattern: str) -> list[Node]:
        """The nodes at the pattern's depth that fit it."""
        nodes = globs.nodes(pattern)
        depth = len(nodes)
        if globs.ANY in pattern:
            raise UsageError("find: ** is for targets; here each node is looked for by itself")
        fits = globs.fits(pattern)
        found: dict[str, list[bool]] = {}

        def add(path: str, *, deeper: bool) -> None:
            known = found.setdefault(path, [False, False])
            known[deeper] = True
            if len(found) > MOST_PATHS:
                raise UsageError(f"find: more than {MOST_PATHS} nodes; write more of the pattern")

        for each in self.plain():
            parts = each.metric.split(".")
            path = ".".join(parts[:depth])
            if len(parts) >= depth and fits(path):
                add(path, deeper=len(parts) > depth)
        for path, deeper in self._virtual(nodes):
            add(path, deeper=deeper)
        return [Node(path, *found[path]) for path in sorted(found)]

    def _virtual(self, nodes: Sequence[str]) -> Iterator[tuple[str, bool]]:
        hosts = [
            host
            for host in dict.fromkeys(escape_node(each.who.host) for each in self.jvms)
            if globs.fits(nodes[0])(host)
        ]
        if len(nodes) == 1:
            yield from ((host, True) for host in hosts)
            return
        kinds = [KINDS[metric] for metric in METRICS if globs.fits(nodes[1])(KINDS[metric])]
        if len(nodes) == 2:
            yield from ((f"{host}.{kind}", True) for host in hosts for kind in kinds)
            return
        depth, below = len(nodes) - 2, globs.fits(globs.joined(nodes[2:]))
        seen: dict[tuple[str, bool], None] = {}
        for path in self.class_paths:
            parts = path.split(".")
            start = ".".join(parts[:depth])
            if len(parts) >= depth and ((start, len(parts) > depth) not in seen) and below(start):
                seen[start, len(parts) > depth] = None
        for host in hosts:
            for kind in kinds:
                yield from ((f"{host}.{kind}.{start}", deeper) for start, deeper in seen)

    def all(self) -> list[str]:
        """Every path, for index.json."""
        hosts = dict.fromkeys(escape_node(each.who.host) for each in self.jvms)
        if len(hosts) * 2 * len(self.class_paths) > MOST_PATHS:
            raise UsageError(f"more than {MOST_PATHS} paths; ask /metrics/find for a part of them")
        virtual = [
            f"{host}.{kind}.{path}" for host in hosts for kind in KINDS.values() for path in self.class_paths
        ]
        return sorted([each.metric for each in self.plain()] + virtual)


def matcher(expression: str) -> Matcher:
    """`host=~web.*`: Graphite's patterns need not fit to the value's end."""
    for sign in ("!=~", "=~", "!=", "="):
        tag, found, value = expression.partition(sign)
        if found and tag.strip():
            label = NAME if tag.strip() == "name" else tag.strip()
            if sign in ("=~", "!=~"):
                return Matcher(label, "=~" if sign == "=~" else "!~", _prefix(value))
            return Matcher(label, "=" if sign == "=" else "!=", value)
    raise UsageError(
        f"seriesByTag: {expression[:60]!r} is not tag=value, tag!=value, tag=~regex or tag!=~regex"
    )


def _prefix(pattern: str) -> str:
    try:
        compiled(pattern)
    except BadPattern as error:
        raise UsageError(f"seriesByTag: {pattern[:60]!r} is not a regular expression: {error}") from None
    return f"(?s:(?:{pattern}).*)"


def _at(place: int, count: int) -> Mask:
    mask = np.zeros(count, np.bool_)
    mask[place] = True
    return mask
