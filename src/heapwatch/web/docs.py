"""`/docs`: the routes of /openapi.json as one page of plain HTML, without scripts and other hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre, .path { font-family: ui-monospace, monospace; }
section { border-top: 1px solid #8886; padding: .5rem 0 1rem; }
h2 { font-size: 1rem; margin: .5rem 0; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
table { border-collapse: collapse; width: 100%; }
td { padding: .15rem .75rem .15rem 0; vertical-align: top; }
td:first-child { white-space: nowrap; font-family: ui-monospace, monospace; }
.soft { opacity: .75; }
"""


def page(openapi: Mapping[str, Any]) -> str:
    """The whole page."""
    title = escape(str(openapi["info"]["title"]))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        '<link rel="stylesheet" href="/docs/style.css"></head>'
        f"<body><h1>{title} {escape(str(openapi['info']['version']))}</h1>"
        f"<p>{escape(str(openapi['info'].get('description', '')))}</p>"
        '<p class="soft">Machine-readable: <a href="/openapi.json">/openapi.json</a></p>'
        f"{''.join(_routes(openapi))}</body></html>"
    )


def _routes(openapi: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield (
                f'<section><h2><span class="method">{escape(method.upper())}</span>'
                f'<span class="path">{escape(path)}</span></h2>'
                f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
                f"{_parameters(operation.get('parameters', []))}"
                f'<p class="soft">Answer: {escape(_answer(operation))}</p></section>'
            )


def _parameters(parameters: list[Mapping[str, Any]]) -> str:
    rows = []
    for parameter in parameters:
        schema = parameter.get("schema", {})
        default = f" (default {schema['default']})" if schema.get("default") not in (None, [], "") else ""
        needed = " <strong>required</strong>" if parameter.get("required") else ""
        text = escape(parameter.get("description", "") + default)
        rows.append(f"<tr><td>{escape(parameter['name'])}</td><td>{text}{needed}</td></tr>")
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _answer(operation: Mapping[str, Any]) -> str:
    for status, answer in operation.get("responses", {}).items():
        for media_type, content in answer.get("content", {}).items():
            name = str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
            return f"{status} {media_type} {name}".strip()
    return "200"
