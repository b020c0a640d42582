"""Messages as they come: those that arrived after a position, through the operators that look at one alone.

A position is the time of the newest message that was given out and the greatest number of arrival. Messages
come late at times (an agent that was offline), so what counts is the order of arrival; the time only says how
far back the engine has to look.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from heapwatch.query.build import Fault
from heapwatch.query.errors import QueryError
from heapwatch.query.logs import answer, tree
from heapwatch.query.logs.check import check_followed
from heapwatch.query.logs.limits import Limits, spoken
from heapwatch.query.logs.operators import ENGINE
from heapwatch.query.logs.parse import parse
from heapwatch.query.logs.plan import Plan
from heapwatch.query.logs.source import opened
from heapwatch.store.errors import TooBig
from heapwatch.store.store import Store

LATE_MS = 600_000
"""A message this much older than the newest is still given out when it arrives."""

NEWEST = "SELECT toInt64(max(toUnixTimestamp64Milli(time))) AS t, toUInt64(max(seq)) AS seq FROM log"


class Position(NamedTuple):
    time: int
    seq: int


def newest(store: Store, query_id: str | None = None) -> Position:
    """Where the messages end now: what is asked for after this is new."""
    found = store.parts.asked_by(query_id).query(NEWEST, {})
    return Position(int(found["t"][0]), int(found["seq"][0])) if len(found) else Position(0, 0)


def follow_logs(
    store: Store,
    text: str,
    after: Position,
    limit: int = 1000,
    query_id: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> dict[str, Any]:
    """Messages that arrived after a position, in the order of time, and the position to go on from.

    At most `limit` of them, the first to arrive; the rest comes with the next question.
    """
    query = parse(text)
    check_followed(query, text)
    parts = store.parts.asked_by(query_id)
    from_ms = max(0, after.time - LATE_MS)
    to_ms = parts.clock() + 366 * 86_400_000
    plan, notes = opened(parts, query.scope, from_ms, to_ms, after=after.seq)
    try:
        plan = _lowered(plan, query)
        sql, binder = answer.arrivals(plan, limit)
        found = parts.query(*binder.question(sql), limits.settings())
    except Fault as fault:
        raise QueryError(fault.message, text, fault.span, hint=fault.hint) from None
    except TooBig as error:
        raise spoken(error, limits, text, from_ms, parts.clock()) from error
    body = answer.messages(plan, found, len(found))
    if len(found):
        after = Position(max(after.time, int(found["t"].max())), int(found["seq"].max()))
    warnings = [{"message": note, "count": None, "row": None} for note in notes]
    return {**body, "position": list(after), "warnings": warnings}


def _lowered(plan: Plan, query: tree.LogQuery) -> Plan:
    for node in query.operators:
        plan = ENGINE[type(node)](node, plan)
    return plan
