"""`json [field=f] "a.b", "c[0]" as x, y [nodrop]` and `json auto`

A string becomes its text, anything else stays as it is written; null and what is not there become no value. A
message without any of the paths is dropped, unless `nodrop` keeps it. `auto` makes a field of every key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.operators.parse import refuse_twice, shown
from heapwatch.query.logs.plan import TEXT, Plan, Value, json_value

MOST_KEYS = 100
"""Fields that `json auto` makes: those that most messages have."""

SAMPLE = 2000
"""Messages that `json auto` learns the keys from, the newest."""


def lower(node: tree.Json, plan: Plan) -> Plan:
    if len(node.paths) != len(node.names):
        raise Fault(f"there are {len(node.paths)} paths and {len(node.names)} names", node.span)
    refuse_twice(node.names)
    plan, text = plan.hidden(f"ifNull({plan.text_of(node.field).sql}, '')")
    raws = []
    for path in node.paths:
        plan, raw = plan.hidden(f"JSONExtractRaw({text}, {_steps(plan, path.steps)})")
        raws.append(raw)
    if not node.nodrop:
        some = " OR ".join(f"{raw} != ''" for raw in raws)
        paths = ", ".join(_shown(path) for path in node.paths)
        plan = plan.kept(some, f"json {paths} dropped {{n {plan.noun}}} without it")
    return plan.made(
        [(name, Value(json_value(raw), TEXT)) for name, raw in zip(node.names, raws, strict=True)]
    )


def lower_auto(node: tree.JsonAuto, plan: Plan, keys: Iterable[str] = ()) -> Plan:
    """`keys` are those that were found in a sample of the messages; others can be named too."""
    plan, text = plan.hidden(f"ifNull({plan.text_of(node.field).sql}, '')")
    if not node.nodrop:
        plan = plan.kept(
            f"toString(JSONType({text})) = 'Object'",
            f"json auto dropped {{n {plan.noun}}} without a JSON object",
        )
    base = Value(text, TEXT)
    made = []
    for key in keys:
        plan, raw = plan.hidden(f"JSONExtractRaw({text}, {_steps(plan, tuple(key.split('.')))})")
        made.append((key, Value(json_value(raw), TEXT)))
    return plan.made(made).opened(base)


def keys_of(texts: Iterable[str]) -> tuple[list[str], int]:
    """The keys of JSON objects with dots for what is nested, the most frequent first; how many there are."""
    counts: dict[str, int] = {}
    for text in texts:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        for key in _leaves(found, ()) if isinstance(found, dict) else ():
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts, key=lambda key: (-counts[key], key))
    return sorted(ordered[:MOST_KEYS]), len(ordered)


def _leaves(found: dict[str, Any], above: tuple[str, ...]) -> Iterator[str]:
    for key, inner in found.items():
        if not key or "." in key:
            continue  # cannot be told from a nested one
        if isinstance(inner, dict) and inner and len(above) < 5:
            yield from _leaves(inner, (*above, key))
        else:
            yield ".".join((*above, key))


def _steps(plan: Plan, steps: Iterable[str | int]) -> str:
    return ", ".join(
        plan.binder.bind(step) if isinstance(step, str) else plan.binder.bind(step + 1, "Int64")
        for step in steps
    )


def _shown(path: tree.JsonPath) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path.steps)
    return shown(text.removeprefix("."))
