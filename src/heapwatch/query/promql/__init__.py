"""Prometheus' query language, as much of it as dashboards and rules use, over what the store has."""
