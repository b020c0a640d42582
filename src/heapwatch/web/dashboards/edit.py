"""Changing a dashboard's text without touching what its author wrote around the change."""

from __future__ import annotations

from typing import Any

import yaml

from heapwatch.web.dashboards.model import Panel


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, words in the order of the model."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def empty(title: str) -> str:
    """A dashboard without panels yet."""
    return _dump({"title": title, "range": "-1h"})


def with_panel(text: str, panel: Panel) -> str:
    """The text of a valid dashboard with one more panel at its end."""
    shown = panel.model_dump(exclude_defaults=True)
    root: Any = yaml.compose(text, yaml.SafeLoader)
    panels = next((value for key, value in root.value if key.value == "panels"), None)
    if not isinstance(panels, yaml.SequenceNode) or panels.flow_style or not panels.value:
        # None yet, or written as [{...}]: the one place where the rest is written anew.
        data: dict[str, Any] = yaml.safe_load(text)
        data["panels"] = [*(data.get("panels") or []), shown]
        return _dump(data)
    lines = text.splitlines(keepends=True)
    last = panels.value[-1].end_mark.line
    if last and lines[last - 1 :] and not lines[last - 1].endswith("\n"):
        lines[last - 1] += "\n"
    indent = " " * panels.start_mark.column
    dumped = _dump([shown]).splitlines(keepends=True)
    added = "".join(f"{indent}{line}" if line.strip() else line for line in dumped)
    if last < len(lines) and panels.value[-1].end_mark.column > panels.start_mark.column:
        last += 1  # the last panel ends within a line
        if not lines[last - 1].endswith("\n"):
            lines[last - 1] += "\n"
    return "".join([*lines[:last], added, *lines[last:]])


def _dump(data: object) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
