"""The text of a dashboard as its model, or what is wrong with it, each fault with its line.

Positions come from the YAML nodes: a fault of the model is a path (`panels`, 2, `unit`), and the node at the
end of that path, or of the longest part of it that exists, knows where it stands.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from heapwatch.errors import UsageError
from heapwatch.web.dashboards.model import Dashboard, Marked, Overlay, Panel, Variable
from heapwatch.web.dashboards.questions import Fault, Path, faults_of_queries

MOST_TEXT = 256 << 10
MOST_FAULTS = 20
MOST_DEPTH = 20
_PARTS: Mapping[str, type[BaseModel]] = {
    "panels": Panel,
    "variables": Variable,
    "overlay": Overlay,
    "events": Marked,
}


@dataclass(frozen=True)
class Read:
    """`dashboard` is None when there are faults that keep it from being shown at all."""

    dashboard: Dashboard | None
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


class BadDashboard(UsageError):
    """A text that is no dashboard; the first fault is the message, all of them are in `faults`."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"line {first.line}: {first.message}{more}")


def read(text: str) -> Read:
    """Never raises for what the text says."""
    if len(text) > MOST_TEXT:
        return Read(None, (Fault(1, 1, f"longer than {MOST_TEXT >> 10} KiB"),))
    try:
        nodes, data = _load(text)
    except _NotYaml as error:
        return Read(None, (error.fault,))
    try:
        dashboard = Dashboard.model_validate(data)
    except ValidationError as error:
        faults = sorted({_fault(fault, nodes) for fault in error.errors()})
        return Read(None, tuple(faults[:MOST_FAULTS]))
    return Read(dashboard, tuple(sorted(set(faults_of_queries(dashboard, nodes)))[:MOST_FAULTS]))


def checked(text: str) -> Dashboard:
    """The dashboard, or BadDashboard."""
    found = read(text)
    if found.dashboard is None or not found.ok:
        raise BadDashboard(found.faults)
    return found.dashboard


class _NotYaml(UsageError):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.message)


def _load(text: str) -> tuple[dict[Path, yaml.Node], Any]:
    try:
        # An alias can stand for itself a billion times; nothing here needs one, nor to nest deeply.
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MOST_DEPTH:
                raise _NotYaml(_at(event.start_mark, f"nested deeper than {MOST_DEPTH} levels"))
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _NotYaml(
                    _at(event.start_mark, "anchors and aliases (& and *) are not read; write it out")
                )
        loader = yaml.SafeLoader(text)
        try:
            root = loader.get_single_node()
            if not isinstance(root, yaml.MappingNode):
                raise _NotYaml(Fault(1, 1, "a dashboard begins with words such as `title: My service`"))
            nodes = {(): root, **dict(_walk(root, ()))}
            return nodes, loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        told = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise _NotYaml(_at(error.problem_mark or error.context_mark, told)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _NotYaml(
            Fault(1, 1, str(error).splitlines()[0] if str(error) else "nested too deeply")
        ) from error


def _walk(node: yaml.Node, path: Path) -> Iterator[tuple[Path, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        for place, child in enumerate(node.value):
            yield (*path, place), child
            yield from _walk(child, (*path, place))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            name = str(key.value)
            if name in seen:
                raise _NotYaml(_at(key.start_mark, f"`{name}` stands here twice"))
            seen.add(name)
            yield (*path, name), child
            yield from _walk(child, (*path, name))


def _fault(error: Any, nodes: Mapping[Path, yaml.Node]) -> Fault:
    path: Path = tuple(error["loc"])
    known = path
    while known not in nodes:
        known = known[:-1]
    return _at(nodes[known].start_mark, _sentence(error, path))


def _sentence(error: Any, path: Path) -> str:
    word = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    kind, message = error["type"], str(error["msg"]).removeprefix("Value error, ")
    if kind == "missing":
        return f"`{word}` is missing"
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(word, _words(path), 1)
        return f"unknown word `{word}`" + (
            f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(_words(path))}"
        )
    if kind == "value_error":
        return message
    return f"`{word}`: {message[:1].lower()}{message[1:]}" if word else message


def _words(path: Path) -> list[str]:
    """What may stand where this path ends."""
    parts = [part for part in path[:-1] if part in _PARTS]
    return list((_PARTS[str(parts[-1])] if parts else Dashboard).model_fields)


def _at(mark: Any, message: str) -> Fault:
    return Fault(mark.line + 1, mark.column + 1, message) if mark else Fault(1, 1, message)
