"""A page with one sentence, for where a browser stands outside the screens and cannot go on."""

from __future__ import annotations

from html import escape

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · heapwatch</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<main>
<h1>{title}</h1>
<p role="alert">{text}</p>
<p><a href="{address}">{link}</a></p>
</main>
</body>
</html>
"""


def notice(title: str, text: str, address: str, link: str) -> str:
    """The page; all of it may come from outside."""
    return PAGE.format(title=escape(title), text=escape(text), address=escape(address), link=escape(link))
