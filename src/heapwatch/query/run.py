"""A metric query's answer: rows evaluated one by one, each at most once for each shift in time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query import tree
from heapwatch.query.check import check
from heapwatch.query.frame import Frame
from heapwatch.query.join import join
from heapwatch.query.limits import RESULT_TOO_LONG, LimitExceeded, Limits
from heapwatch.query.lower import Asked, Read, applied, instants, pipeline, shifted
from heapwatch.query.notes import Notes
from heapwatch.query.operators import TABLES
from heapwatch.query.parse import parse
from heapwatch.query.suggest import fitting
from heapwatch.query.times import parse_time
from heapwatch.query.universe import MODES
from heapwatch.store import Store
from heapwatch.store.errors import TooBig

Answer = dict[str, Any]


def run(
    store: Store,
    query: str | tree.Script,
    from_: int,
    to: int,
    interval: float | None = None,
    mode: str = "all",
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    query_id: str | None = None,
    now_ms: int | None = None,
) -> Answer:
    """Answer a query over [from_, to) epoch ms; `interval` in seconds, chosen when absent."""
    begun = time.monotonic()
    text = query if isinstance(query, str) else ""
    script = parse(query) if isinstance(query, str) else query
    check(script, text)
    if to <= from_:
        raise UsageError(f"the range ends ({to}) before it begins ({from_})")
    if interval is not None and not 0.001 <= interval <= 366 * 86400:
        raise UsageError("an interval is between 1 ms and a year")
    if mode not in MODES:
        raise UsageError(f"mode is {' or '.join(MODES)}, not {mode[:40]!r}")
    parts = store.parts.asked_by(query_id)
    asked = Asked(
        parts,
        text,
        from_,
        to,
        None if interval is None else round(interval * 1000),
        mode,
        limits.begun(),
        Notes(),
        Read(),
        parts.clock() if now_ms is None else now_ms,
    )
    evaluation = Evaluation(asked, script)
    rows = [_within_limits(asked, script, evaluation, row) for row in script.rows]
    return {
        "kind": "metrics",
        "from": from_,
        "to": to,
        "rows": rows,
        "read": {"series": asked.read.series, "points": asked.read.points, "rows": asked.read.points},
        "took_ms": round((time.monotonic() - begun) * 1000, 1),
        "warnings": asked.notes.listed(),
    }


def _within_limits(asked: Asked, script: tree.Script, evaluation: Evaluation, row: tree.Row) -> Answer:
    try:
        return evaluation.answer(row)
    except LimitExceeded as error:
        raise fitting(asked, script, evaluation.letter or row.letter, error) from None
    except TooBig as error:
        if RESULT_TOO_LONG in str(error):
            reason = f"more than {asked.limits.cells} points at once; sum or narrow them"
            limit = LimitExceeded(f"row #{row.letter} has {reason}", "cells")
        else:
            reason = f"takes more than {asked.limits.seconds:g} s, or more memory than a query may have"
            limit = LimitExceeded(f"row #{row.letter} {reason}", "seconds")
        raise fitting(asked, script, evaluation.letter or row.letter, limit) from error


class Evaluation:
    """The frames of a script's rows."""

    def __init__(self, asked: Asked, script: tree.Script) -> None:
        self._asked = asked
        self._rows = {row.letter: row for row in script.rows}
        self._frames: dict[tuple[str, int], Frame] = {}
        self.letter: str = ""
        """The row that was evaluated last, which is the one that failed."""

    def answer(self, row: tree.Row) -> Answer:
        """A row for JSON, within the limit of series."""
        last = row.body.operators[-1] if row.body.operators else None
        with self._asked.notes.of_row(row.letter):
            if isinstance(last, tree.Diff):
                frame = self._diff(row, last)
                return self._told(row, frame, TABLES[tree.Diff](last, frame, self._asked.notes), series=False)
            frame = self.frame(row.letter, 0)
            table = None
            if isinstance(last, tree.Predict) and last.until is not None:
                table = TABLES[tree.Predict](last, frame, self._asked.notes)
            return self._told(row, frame, table)

    def frame(self, letter: str, shift: int) -> Frame:
        """The frame of a row, over the range `shift` ms before the one asked for."""
        key = letter, shift
        if key not in self._frames:
            with self._asked.notes.of_row(letter):
                self.letter = letter
                self._frames[key] = self._evaluate(self._rows[letter].body, shift)
                self.letter = letter
        return self._frames[key]

    def _evaluate(self, body: tree.Pipeline | tree.Join, shift: int) -> Frame:
        asked = self._asked
        if isinstance(body, tree.Pipeline) and not isinstance(body.source, tree.RowRef):
            return pipeline(asked, body, body.source, shift)
        shift += shifted(body.operators)
        if isinstance(body, tree.Join):
            letters = _letters(body.expression)
            frame = join(
                body, {letter: self.frame(letter, shift) for letter in letters}, asked.notes, asked.text
            )
        else:
            assert isinstance(body.source, tree.RowRef)
            frame = self.frame(body.source.letter, shift)
        return applied(body.operators, frame, asked.notes)

    def _diff(self, row: tree.Row, node: tree.Diff) -> Frame:
        assert isinstance(row.body, tree.Pipeline)
        assert not isinstance(row.body.source, tree.RowRef)
        before, after = (parse_time(word, self._asked.now) for word in (node.before, node.after))
        return instants(self._asked, row.body, row.body.source, (before, after))

    def _told(self, row: tree.Row, frame: Frame, table: Any, *, series: bool = True) -> Answer:
        most = self._asked.limits.series
        if len(frame) > most:
            self.letter = row.letter
            raise LimitExceeded(f"row #{row.letter} has {len(frame)} series, more than {most}", "series")
        interval = frame.interval / 1000
        return {
            "letter": row.letter,
            "interval_s": int(interval) if interval == int(interval) else interval,
            "rollup": frame.rollup,
            "times": frame.times.tolist(),
            "series": _series(frame) if series else [],
            "table": None if table is None else {"columns": dict(table)},
        }


def _letters(expression: tree.Expression) -> list[str]:
    if isinstance(expression, tree.RowRef):
        return [expression.letter]
    if isinstance(expression, tree.Binary):
        return list(dict.fromkeys(_letters(expression.left) + _letters(expression.right)))
    if isinstance(expression, tree.Negative):
        return _letters(expression.operand)
    return []


def _series(frame: Frame) -> Sequence[Answer]:
    missing = np.isnan(frame.values)
    values = frame.values.astype(object)
    values[missing] = None
    return [
        {"labels": dict(labels), "values": row}
        for labels, row in zip(frame.labels, values.tolist(), strict=True)
    ]
