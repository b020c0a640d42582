"""Dashboards: text in YAML that says which questions stand on one screen, and how.

`definition` reads the text and says what is wrong in which line, `shelf` keeps the texts, built-in ones
among them, `variables` puts chosen values into queries.
"""

from __future__ import annotations

from heapwatch.web.dashboards.definition import Read, read
from heapwatch.web.dashboards.shelf import Changed, ReadOnly, Shelf, Stored

__all__ = ["Changed", "Read", "ReadOnly", "Shelf", "Stored", "read"]
