"""What a run asked a JVM about a leak, as a diagnosis: it then stands on the class's page, with who holds it.

Only a run that knows the class and the life of the JVM makes one, as those that a leak begins do; and only
answers of that life count. Who holds other classes is left to the run: it is no evidence of this leak.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from heapwatch import human
from heapwatch.web.diagnosis_answers import NewDiagnosis

NAMED = ("host", "jvm", "pid", "started", "class")

_FOUND: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "histogram": lambda said: f"{human.count(said['instances'])} objects, {human.size(said['bytes'])}",
    "thread_dump": lambda said: f"{said['java']} threads",
    "jfr": lambda said: f"{said['samples']} objects that stayed",
    "gc": lambda said: f"{human.size(said['used_before'])} before, {human.size(said['used_after'])} after",
}


def diagnosis(run: Mapping[str, Any]) -> NewDiagnosis | None:
    """Of a run as `GET /api/v1/runs/ID` tells it; None when it asked the JVM nothing."""
    about = run["labels"]
    if not all(about.get(name) for name in NAMED):
        return None
    if not (about["pid"].isdecimal() and about["started"].isdecimal()):
        return None
    asked = [each for each in run["steps"] if each["do"].startswith("jvm.") and _is_of(each, about)]
    said = [each["output"] for each in asked if each["output"]]
    if not said:
        return None
    ways = [way for each in said if each["operation"] == "jfr" for way in each["groups"]]
    on = [way for way in ways if _is_by_way_of(way, about["class"])]
    return NewDiagnosis.model_validate(
        {
            **{name: about[name] for name in NAMED[:-1]},
            "time": run["ended"] or run["created"],
            "java_version": said[0].get("java_version", ""),
            "collector": said[0].get("collector", ""),
            "suspect": about["class"],
            "confirmed_by": ["jfr"] if any(way["root"] for way in on) else [],
            "steps": [_step(number, each) for number, each in enumerate(asked, 1)],
            "holders": {"jfr": on},
        }
    )


def _is_of(step: Mapping[str, Any], about: Mapping[str, str]) -> bool:
    """Whether it asked the JVM that the run is about, and no other process answered."""
    if step["parameters"].get("host") != about["host"] or not step["started"]:
        return False
    return not step["output"] or str(step["output"].get("pid")) == about["pid"]


def _is_by_way_of(way: Mapping[str, Any], name: str) -> bool:
    return way["class"] == name or any(link["holder"] == name for link in way["chain"])


def _step(number: int, step: Mapping[str, Any]) -> dict[str, Any]:
    said, operation = step["output"] or {}, step["do"].removeprefix("jvm.")
    row: dict[str, Any] = {"step": number, "operation": operation}
    if step["error"]:
        return {**row, "error": step["error"], "found": step["error"]}
    costs = {name: said.get(name) for name in ("predicted_pause_ms", "pause_ms", "duration_ms")}
    found = _FOUND[operation](said) if operation in _FOUND else ""
    answer = {name: value for name, value in said.items() if name not in ("text", "groups")}
    return {**row, **costs, "found": found, "answer": answer}
