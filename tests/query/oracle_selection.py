"""Which series a selector means: wildcards by trying everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heapwatch.query import tree


def path_labels(path: str) -> dict[str, str]:
    return {"_rawName": path, **{f"_{n}": each for n, each in enumerate(path.split("."), 1)}}


def keys(node: Any) -> set[str]:
    if isinstance(node, tree.Match):
        return {node.key.text.lower()}
    if isinstance(node, tree.Not):
        return keys(node.part)
    if isinstance(node, tree.And | tree.Or):
        return {key for part in node.parts for key in keys(part)}
    return set()


def fits(node: Any, labels: Mapping[str, str]) -> bool:
    if isinstance(node, tree.And):
        return all(fits(part, labels) for part in node.parts)
    if isinstance(node, tree.Or):
        return any(fits(part, labels) for part in node.parts)
    if isinstance(node, tree.Not):
        return not fits(node.part, labels)
    if isinstance(node, tree.Word):
        text = node.pattern.text
        if "." in text:
            return "_rawName" in labels and path_fits(text.lower(), labels["_rawName"].lower())
        return any(wild(text.lower(), word.lower()) for item in labels.items() for word in item)
    found = [value for key, value in labels.items() if key.lower() == node.key.text.lower()]
    test = path_fits if node.key.text.lower() == "_rawname" else wild
    hit = any(
        (test(pattern.text.lower(), found[0].lower()) if found else False)
        or (pattern.text == "" and not found)
        for pattern in node.patterns
    )
    return hit != node.negated


def wild(pattern: str, text: str) -> bool:
    """Any run for each `*`."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(wild(pattern[1:], text[at:]) for at in range(len(text) + 1))
    if pattern[0] == "\\" and len(pattern) > 1:
        pattern = pattern[1:]
    return bool(text) and text[0] == pattern[0] and wild(pattern[1:], text[1:])


def path_fits(pattern: str, path: str) -> bool:
    """Segment by segment; a segment `**` in front of others may stand for none."""
    return _segments(pattern, path, begins=True)


def _segments(pattern: str, text: str, begins: bool) -> bool:
    if not pattern:
        return not text
    if pattern.startswith("**"):
        rest = pattern.lstrip("*")
        if begins and rest.startswith(".") and len(rest) > 1:
            places = [0, *(at + 1 for at, sign in enumerate(text) if sign == ".")]
            return any(_segments(rest[1:], text[at:], begins=True) for at in places)
        return any(_segments(rest, text[at:], begins=False) for at in range(len(text) + 1))
    if pattern[0] == "*":
        end = text.find(".")
        most = len(text) if end < 0 else end
        return any(_segments(pattern[1:], text[at:], begins=False) for at in range(most + 1))
    if not text or text[0] != pattern[0]:
        return False
    return _segments(pattern[1:], text[1:], begins=pattern[0] == ".")
