"""Graphite's render functions over stored paths and over class samples, which have paths too."""
