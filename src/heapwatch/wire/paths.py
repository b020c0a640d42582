"""Histogram rows as Graphite paths: `memleak1.size.java.lang.String[]`, by a template, and back.

A template is literal nodes and the places `<host>`, `<jvm>` and `<count|size>`, a node each, and at the end
`<class>`, which takes the rest. Class names are stored as they are; only the wire form is escaped: `.` stays
(it is the hierarchy), what Graphite gives a meaning to, white space and control characters are
percent-encoded. In one-node places the dot is percent-encoded too.
"""

from __future__ import annotations

import re
from typing import Dict, NamedTuple

from heapwatch.errors import UsageError

DEFAULT = "<host>.<count|size>.<class>"

_SPECIAL = re.compile(r"[%;={}*?,|/\s\x00-\x1f\x7f-\x9f]")
_SPECIAL_OR_DOT = re.compile(r"[%;={}*?,|/\s\x00-\x1f\x7f-\x9f.]")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PLACES = {"<host>": "host", "<jvm>": "jvm", "<count|size>": "measure", "<class>": "class_name"}


class ClassPath(NamedTuple):
    """What a path that fits a template says."""

    host: str
    jvm: str  # "" where the template has no place for it
    measure: str  # "count" or "size"
    class_name: str


def escape(text: str) -> str:
    """A class name as it stands in a path; dots are kept."""
    return _SPECIAL.sub(_percent, text)


def escape_node(text: str) -> str:
    """A name as one node of a path; dots are escaped too."""
    return _SPECIAL_OR_DOT.sub(_percent, text)


def unescape(text: str) -> str:
    """What `escape` or `escape_node` was given; escapes that are not UTF-8 stay as they are."""
    return _ESCAPES.sub(_plain, text) if "%" in text else text


class Template:
    """One way of writing class samples as paths, and of telling them from every other path."""

    def __init__(self, text: str = DEFAULT) -> None:
        nodes = text.split(".")
        places = [_PLACES[node] for node in nodes if node in _PLACES]
        unknown = [node for node in nodes if not node or (node not in _PLACES and _SPECIAL.search(node))]
        if unknown or "<" in "".join(node for node in nodes if node not in _PLACES):
            raise UsageError(f"path template {text!r}: a node is a plain name or one of {', '.join(_PLACES)}")
        if (
            not {"host", "measure"} <= set(places)
            or nodes[-1] != "<class>"
            or len(set(places)) != len(places)
        ):
            raise UsageError(
                f"path template {text!r}: needs <host> and <count|size> once, and <class> at its end"
            )
        self.text = text
        self._nodes = nodes[:-1]

    def prefix(self, host: str, jvm: str, measure: str) -> str:
        """All of a path but its class; what follows is `escape(class_name)`."""
        known = {"<host>": host, "<jvm>": jvm, "<count|size>": measure}
        return "".join(escape_node(known.get(node, node)) + "." for node in self._nodes)

    def path(self, sample: ClassPath) -> str:
        """The path of one measure of one class."""
        return self.prefix(sample.host, sample.jvm, sample.measure) + escape(sample.class_name)

    def read(self, path: str) -> ClassPath | None:
        """What the path says, or None when it does not fit: then it is an ordinary metric."""
        nodes = path.split(".", len(self._nodes))
        if len(nodes) <= len(self._nodes) or not all(nodes):
            return None
        found: Dict[str, str] = {"jvm": "", "class_name": unescape(nodes[-1])}
        for place, node in zip(self._nodes, nodes):
            if place in _PLACES:
                found[_PLACES[place]] = unescape(node)
            elif place != node:
                return None
        return ClassPath(**found) if found["measure"] in ("count", "size") else None


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode())


def _plain(found: re.Match[str]) -> str:
    try:
        return bytes.fromhex(found.group().replace("%", "")).decode()
    except UnicodeDecodeError:
        return found.group()
