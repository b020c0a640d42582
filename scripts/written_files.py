"""The reference of workflow files, from the classes that read them: keys, values, defaults, meaning."""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Collection
from typing import Any, Iterator

HEAD = """\
# Workflow files

YAML, one workflow a file; `heapwatch workflow check FILE` says what is wrong with one, with line and
column. What they are for: [act with workflows](../howto/workflows.md). A span is written as `30s`, `5m` or
`1h30m`, an amount as `90`, `1.5GiB` or `80%`.

Texts in `with` may be templates, `{{ labels.host }}`, sandboxed and strict: what is not there is a fault.
They know `labels`, `trigger`, `run` and `steps`: of each step before it `state`, `output` and `error`. A
secret is a reference, `{{ secret("env:NAME") }}` or `{{ secret("file:/path") }}`: it is read when it is
used, and never kept or shown.
"""
STEPS_HEAD = """\
## Steps

*Destructive*: done only as `destructive` allows. *Once*: when the server ends in the middle of it, it is
not done again and its outcome is unknown, unless the step says `idempotent: true`.
"""
WORDS = {
    "str": "text", "int": "number", "float": "number", "bool": "true or false", "Span": "span",
    "Amount": "amount", "list[str]": "texts", "list[int]": "numbers", "dict[str, str]": "names with texts",
    "dict[str, Any]": "names with values", "Mapping[str, Any]": "names with values", "Any": "anything",
    "Literal[True]": "true", "str | list[str]": "text or texts",
}  # fmt: skip


def page() -> str:
    from heapwatch.workflow import definition
    from heapwatch.workflow.steps import STEPS

    titles = {
        "Workflow": "A workflow", "On": "`on`", "Match": "`match`", "Throttle": "`throttle`",
        "AtLeast": "`throttle.at_least`", "Limits": "`limits`", "StepLine": "A step", "Retry": "`retry`",
    }  # fmt: skip
    parts = [HEAD]
    for name, title in titles.items():
        cls = getattr(definition, name)
        parts.append(f"## {title}\n\n{_said(cls)}\n\n{_table(cls)}")
    parts.append(STEPS_HEAD)
    of_jvms = [name for name in STEPS if name.startswith("jvm.")]
    for name, step in STEPS.items():
        if name not in of_jvms:
            about = _said(sys.modules[step.parameters.__module__]).partition(": ")[2]
            parts.append(
                f"### {name}{_marks(step)}\n\n{about[:1].upper()}{about[1:]}\n\n{_table(step.parameters)}"
            )
    parts.append(_operations({name: STEPS[name] for name in of_jvms}))
    return "\n".join(parts)


def _marks(step: Any) -> str:
    marks = ["destructive"] * step.destructive + ["once"] * (not step.idempotent)
    return f" ({', '.join(marks)})" if marks else ""


def _operations(steps: dict[str, Any]) -> str:
    """The steps of one JVM: their parameters are the same, but for `options`."""
    from heapwatch.jvm.operations import OPERATIONS

    rows = ["| step | what | options and their defaults |", "|---|---|---|"]
    for name, step in steps.items():
        one = OPERATIONS[name.removeprefix("jvm.")]
        options = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in one.options.items())
        rows.append(f"| `{name}`{_marks(step)} | {one.summary} | {options} |")
    common = next(iter(steps.values())).parameters
    tables = [_table(common)]
    for name, step in steps.items():
        if step.parameters is not common:
            tables.append(f"`{name}` also has\n\n{_table(step.parameters, set(common.model_fields))}")
    head = "### jvm.*\n\nAn operation on one JVM, as `heapwatch diagnose` does them.\n\n"
    return head + "\n".join(tables) + "\n" + "\n".join(rows) + "\n"


def _said(thing: Any) -> str:
    return str(inspect.getdoc(thing)).partition("\n\n")[0].replace("\n", " ")


def _table(cls: Any, known: Collection[str] = ()) -> str:
    """Its keys, but for those that are `known`."""
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    fields = cls.model_fields
    for name, (kind, meaning) in _written(cls).items():
        if name in known:
            continue
        key = (fields[name].alias or name).removesuffix("_")
        rows.append(f"| `{key}` | {_kind(kind)} | {_default(fields[name], kind)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _written(cls: Any) -> dict[str, tuple[str, str]]:
    """The annotation and the docstring of each field, as they stand in the source."""
    found: dict[str, tuple[str, str]] = {}
    for each in reversed(cls.__mro__):
        if each in (cls.__mro__[-1],) or not each.__module__.startswith("heapwatch"):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]
        assert isinstance(tree, ast.ClassDef)
        found.update(_fields(tree, cls))
    return found


def _fields(tree: ast.ClassDef, cls: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    for line, after in zip(tree.body, [*tree.body[1:], ast.Pass()]):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            if line.target.id not in cls.model_fields:
                continue
            text = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                text = inspect.cleandoc(str(after.value.value)).replace("\n", " ")
            yield line.target.id, (ast.unparse(line.annotation), text.replace("|", "\\|"))


def _kind(written: str) -> str:
    plain = written.removesuffix(" | None")
    if plain in WORDS:
        return WORDS[plain]
    if plain == "list[Literal[STATES]]":
        from heapwatch.monitor.states import STATES

        return "some of " + ", ".join(f"`{each}`" for each in STATES)
    choice = re.fullmatch(r"(list\[)?Literal\[(.*?)\]\]?", plain)
    if choice:
        words = ", ".join(f"`{each}`" for each in ast.literal_eval(f"({choice[2]},)"))
        return f"some of {words}" if choice[1] else words
    many = re.fullmatch(r"list\[(\w+)\]", plain)
    return f"several: {_part(many[1])}" if many else _part(plain)


def _part(name: str) -> str:
    places = {
        "Action": "`do` and `with`",
        "StepLine": "[steps](#a-step)",
        "AtLeast": "[at_least](#throttleat_least)",
    }
    return places.get(name, f"[{name.lower()}](#{name.lower()})")


def _default(field: Any, kind: str) -> str:
    value = field.default
    if field.is_required():
        return "**required**"
    if value in (None, "", [], {}) or not isinstance(value, (str, int, float, list, tuple)):
        return ""
    if kind.startswith("Span"):
        return f"`{_span(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "`" + str(list(value)).replace("'", "") + "`" if isinstance(value, (list, tuple)) else f"`{value}`"


def _span(ms: int) -> str:
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")):
        if ms and ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms}ms" if ms else "0s"
