"""What a function takes, as clients ask for it (`/functions`) and as arguments are checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "seriesList", "seriesLists", "integer", "float", "string", "boolean", "interval", "intOrInterval",
    "aggFunc", "nodeOrTag", "any",
]  # fmt: skip


@dataclass(frozen=True)
class Param:
    name: str
    type: Kind
    required: bool = True
    default: Any = None
    multiple: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """`apply` gets the evaluation first, when `knows` is set, and then its arguments; of a `lazy` function
    the first is not evaluated yet."""

    name: str
    group: str
    about: str
    params: tuple[Param, ...]
    apply: Callable[..., Any]
    knows: bool = False
    lazy: bool = False

    def described(self) -> dict[str, Any]:
        """As Graphite describes it to Grafana."""
        names = ", ".join(
            f"*{each.name}" if each.multiple else each.name + ("" if each.required else f"={each.default!r}")
            for each in self.params
        )
        return {
            "name": self.name,
            "function": f"{self.name}({names})",
            "description": self.about,
            "module": "graphite.render.functions",
            "group": self.group,
            "params": [_param(each) for each in self.params],
        }


def _param(each: Param) -> dict[str, Any]:
    found: dict[str, Any] = {"name": each.name, "type": each.type, "required": each.required}
    if each.multiple:
        found["multiple"] = True
    if each.default is not None:
        found["default"] = each.default
    if each.options:
        found["options"] = list(each.options)
    return found


SERIES = Param("seriesList", "seriesList")
MANY = Param("seriesLists", "seriesLists", multiple=True)
NUMBER = Param("n", "float")
COUNT = Param("n", "integer", required=False, default=1)
NODES = Param("nodes", "nodeOrTag", multiple=True)
FUNC = Param("func", "aggFunc", required=False, default="average")
