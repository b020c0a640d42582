"""Which JVMs a question is about: `host=` and `jvm=` (globs, several mean any) and `label.K=V`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Any

from heapwatch.store.dimensions import Incarnation, Jvms
from heapwatch.store.errors import UnknownJvm, near


@dataclass(frozen=True)
class Selection:
    """All that is given must fit; nothing given selects everything."""

    host: Sequence[str] = ()
    jvm: Sequence[str] = ()
    pid: int | None = None
    started: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, chosen: Mapping[str, Any]) -> Selection:
        """From the API's parameters, of which any may be missing; a bare text is taken as one."""
        given = {name: value for name, value in chosen.items() if value is not None}
        for name in ("host", "jvm"):
            if isinstance(given.get(name), str):
                given[name] = [given[name]]
        return cls(**given)

    def among(self, jvms: Jvms, from_: int | None = None, to: int | None = None) -> list[Incarnation]:
        """The incarnations that fit and lived within the range, by host, name and start.

        A host or a name written out that nobody has is an error with the names most like it: a typing
        mistake must not look like silence.
        """
        known = list(jvms.by_id.values())
        hosts, names = any_of(self.host), any_of(self.jvm)
        _check(self.host, {each.who.host for each in known}, "host")
        _check(self.jvm, {each.who.jvm for each in known}, "JVM")
        found = [
            each
            for each in known
            if hosts(each.who.host)
            and names(each.who.jvm)
            and (self.pid is None or each.who.pid == self.pid)
            and (self.started is None or each.who.started == self.started)
            and all(any_of([value])(each.labels.get(name, "")) for name, value in self.labels.items())
            and (from_ is None or each.last_seen >= from_)
            and (to is None or each.first_seen <= to)
        ]
        return sorted(found, key=lambda each: (each.who.host, each.who.jvm, each.who.started, each.id))

    def one(self, jvms: Jvms, at: int, prefer: Callable[[Incarnation], bool]) -> Incarnation:
        """The one incarnation of a JVM that lived at a time, else the one that lived nearest to it.

        Among those that `prefer` holds for, if there are any.
        """
        found = self.among(jvms)
        if not found:
            shown = " ".join([*self.host, *self.jvm, *([f"pid {self.pid}"] if self.pid is not None else [])])
            everyone = {f"{each.who.host} {each.who.jvm}" for each in list(jvms.by_id.values())}
            raise UnknownJvm(f"no JVM {shown or 'at all'} in the store", near(shown, everyone))
        names = sorted({(each.who.host, each.who.jvm) for each in found})
        if len(names) > 1:
            listed = ", ".join(f"{host} {jvm}" for host, jvm in names[:3])
            raise UnknownJvm(
                f"{len(names)} JVMs fit where one is needed ({listed} ...); give host and jvm", []
            )
        return min([each for each in found if prefer(each)] or found, key=lambda each: _distance(each, at))


def _distance(each: Incarnation, at: int) -> tuple[int, int]:
    return max(each.first_seen - at, at - each.last_seen, 0), -each.last_seen


def _check(wanted: Iterable[str], known: set[str], what: str) -> None:
    folded = {name.casefold() for name in known}
    for name in wanted:
        if not is_glob(name) and name.casefold() not in folded:
            raise UnknownJvm(f"no {what} {name!r} in the store", near(name, known))


def is_glob(text: str) -> bool:
    return any(sign in text for sign in "*?[")


class any_of:  # noqa: N801 - a predicate, called like one
    """True for a text that fits one of the globs (case-insensitive), and for every text if there are none."""

    def __init__(self, globs: Iterable[str]) -> None:
        self._match = [re.compile(translate(glob), re.IGNORECASE).match for glob in globs]

    def __call__(self, text: str) -> bool:
        return not self._match or any(match(text) for match in self._match)


class containing:  # noqa: N801
    """True for a text that has the pattern in it, or fits it when it is a glob; case-insensitive."""

    def __init__(self, pattern: str) -> None:
        glob = pattern if is_glob(pattern) else f"*{pattern}*"
        self._match = re.compile(translate(glob), re.IGNORECASE).match

    def __call__(self, text: str) -> bool:
        return self._match(text) is not None
