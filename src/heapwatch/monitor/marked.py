"""YAML files that people write: every fault is told with file, line and column, when the file is read.

    rules.yml:12:7: monitors[1].query: Field required

A key that stands twice is a fault (YAML's own readers keep the last one), and so are aliases that would
make a small file large, more nesting than anybody writes, and whatever the model does not know.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from heapwatch.errors import UsageError

LARGEST = 4 << 20
DEEPEST = 40
PLAIN = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")

Key = str | int
Model = TypeVar("Model", bound=BaseModel)


class Place(NamedTuple):
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """What a file says, and where it says it: `places` by path, of the key where there is one."""

    name: str
    value: Any
    places: dict[tuple[Key, ...], Place]

    def error(self, path: tuple[Key, ...], text: str) -> UsageError:
        """A fault at a path, or at what is nearest around it."""
        near = path
        while near and near not in self.places:
            near = near[:-1]
        place = self.places.get(near, Place(1, 1))
        words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        return UsageError(f"{self.name}:{place.line}:{place.column}: {words + ': ' if words else ''}{text}")

    def validated(self, model: type[Model], path: tuple[Key, ...] = ()) -> Model:
        """The document, or what stands at a path of it, as a model; UsageError at the first fault."""
        value = self.value
        for part in path:
            value = value[part]
        try:
            return model.model_validate(value)
        except ValidationError as error:
            fault = error.errors()[0]
            text = fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "extra_forbidden":
                text = "this key is not known here"
            raise self.error(self._known((*path, *fault["loc"])), text) from error

    def _known(self, loc: tuple[Key, ...]) -> tuple[Key, ...]:
        """A model's path without the names of unions' branches, which are in no file."""
        path: tuple[Key, ...] = ()
        for number, part in enumerate(loc):
            if (*path, part) in self.places or number == len(loc) - 1:
                path = (*path, part)
        return path


def read(path: Path) -> Document:
    """A file's document; UsageError says what is wrong, and where."""
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} is larger than {LARGEST >> 20} MiB")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: byte {error.start}") from error
    return parse(text, str(path))


def parse(text: str, name: str) -> Document:
    """A text's document; `name` is what faults are told of."""
    places: dict[tuple[Key, ...], Place] = {}
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        value = None if node is None else _value(loader, node, (), places, name)
    except yaml.MarkedYAMLError as error:
        raise UsageError(f"{name}:{_told(error.problem_mark)}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{name} is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise UsageError(f"{name}: nested too deeply") from error
    return Document(name, value, places)


def _value(
    loader: yaml.SafeLoader,
    node: yaml.Node,
    path: tuple[Key, ...],
    places: dict[tuple[Key, ...], Place],
    name: str,
) -> Any:
    where = Place(node.start_mark.line + 1, node.start_mark.column + 1)
    places.setdefault(path, where)
    if len(path) > DEEPEST:
        raise UsageError(f"{name}:{where.line}:{where.column}: nested more than {DEEPEST} deep")
    if len(places) > LARGEST // 16:
        raise UsageError(f"{name}:{where.line}:{where.column}: more values than a file of rules has")
    if not isinstance(node, yaml.ScalarNode) and node.tag not in PLAIN:
        raise UsageError(f"{name}:{where.line}:{where.column}: {node.tag} is no plain list and no mapping")
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(loader, child, (*path, number), places, name) for number, child in enumerate(node.value)
        ]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    loader.flatten_mapping(node)
    found: dict[Key, Any] = {}
    for key_node, child in node.value:
        key = loader.construct_object(key_node)
        at = _told(key_node.start_mark)
        if key is True and key_node.value == "on":
            key = "on"  # a truth in YAML 1.1, and in nobody's mind
        if not isinstance(key, Hashable) or not isinstance(key, (str, int)) or isinstance(key, bool):
            raise UsageError(f"{name}:{at}: a key is a word")
        if key in found:
            first = places[(*path, key)]
            raise UsageError(f"{name}:{at}: {key!r} stands twice; the first is at line {first.line}")
        places[(*path, key)] = Place(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        found[key] = _value(loader, child, (*path, key), places, name)
    return found


def _told(mark: yaml.Mark | None) -> str:
    return f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
