"""A log query's answer: the text is parsed, lowered operator by operator and asked for.

Rows stay in the engine as long as they can; the operators that look at rows beside each other take them out
as a table and, if one for the engine follows, bring it back. Beside the rows the messages are counted by
time, and with them what each operator could not use.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.query.build import Fault
from heapwatch.query.errors import QueryError
from heapwatch.query.logs import answer, tree
from heapwatch.query.logs.limits import Limits, TooMuch, spoken
from heapwatch.query.logs.operators import ENGINE, TABLES, compare, json, logreduce, timeslice
from heapwatch.query.logs.parse import parse
from heapwatch.query.logs.plan import ALIVE, Binder, Count, Plan
from heapwatch.query.logs.source import opened
from heapwatch.query.logs.table import Table, from_answer, select, to_plan
from heapwatch.store.errors import TooBig
from heapwatch.store.reads.intervals import Buckets, buckets
from heapwatch.store.reads.parts import Parts
from heapwatch.store.store import Store

BARS = 120
"""At most so many bars has the chart of messages over time."""


def run_logs(
    store: Store,
    text: str,
    from_ms: int,
    to_ms: int,
    limit: int = 1000,
    order: str = "desc",
    query_id: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> dict[str, Any]:
    """Messages, or the table that an aggregation makes of them, of [from_ms, to_ms).

    Of messages `limit` come, the newest first or with `order="asc"` the oldest; `total` says how many there
    are.
    """
    begun = time.perf_counter()
    if to_ms <= from_ms:
        raise UsageError(f"the range ends ({to_ms}) before it begins ({from_ms})")
    if not 0 <= limit <= limits.page:
        raise UsageError(f"limit: from 0 to {limits.page} messages come at once, not {limit}")
    if order not in ("asc", "desc"):
        raise UsageError(f"order: asc or desc, not {order[:20]!r}")
    query = parse(text)
    run = Run(store.parts.asked_by(query_id), text, from_ms, to_ms, limits)
    try:
        run.carry_out(query)
        found = run.answered(limit, order == "desc")
    except Fault as fault:
        raise QueryError(fault.message, text, fault.span, hint=fault.hint) from None
    except TooBig as error:
        raise spoken(error, limits, text, from_ms, to_ms) from error
    found["took_ms"] = round((time.perf_counter() - begun) * 1000, 1)
    return found


@dataclass
class Run:
    """One query over one range, as far as it has come: a `plan`, or a `table` after an operator on those."""

    parts: Parts
    text: str
    from_ms: int
    to_ms: int
    limits: Limits
    counting: bool = True  # the earlier ranges of `compare` are not counted
    plan: Plan | None = None
    table: Table | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    bars: dict[int, int] = field(default_factory=dict)
    read: int = 0
    told: int = 0  # how many stretches of the plan are counted

    def carry_out(self, query: tree.LogQuery, operators: int | None = None) -> None:
        """The first so many operators, or all."""
        self.plan, notes = opened(self.parts, query.scope, self.from_ms, self.to_ms)
        self.say(*notes)
        for place, node in enumerate(query.operators[:operators]):
            self._step(query, place, node)

    def _step(self, query: tree.LogQuery, place: int, node: tree.Operator) -> None:
        if isinstance(node, tree.Compare):
            table = self.taken(node)
            self.table = compare.compute(node, table, self._earlier(query, place, node))
        elif type(node) in TABLES:
            self.table = TABLES[type(node)](node, self.taken(node))
        elif isinstance(node, tree.LogReduce):
            self._reduce(node, self.planned())
        elif isinstance(node, tree.Timeslice):
            self.plan = timeslice.lower(node, self.planned(), self.from_ms, self.to_ms)
        elif isinstance(node, tree.JsonAuto):
            plan = self.planned()
            self.plan = json.lower_auto(node, plan, self._keys(node, plan))
        else:
            self.plan = ENGINE[type(node)](node, self.planned())

    def say(self, *messages: str) -> None:
        if self.counting:
            self.warnings += [{"message": each, "count": None, "row": None} for each in messages]

    # ---- from the engine to a table and back

    def taken(self, node: tree.Operator | None = None) -> Table:
        """The rows as a table; they are few, or it is refused."""
        if self.table is not None:
            return self.table
        plan = self.planned()
        if plan.messages and node:
            raise Fault(
                "this needs the rows of an aggregation", node.span, "put count, sum or another one before it"
            )
        self._count(plan, plan.closed())
        most = self.limits.rows
        chosen, ordering = select(plan.columns), plan.ordering()
        found = self.ask(
            f"SELECT {chosen} FROM ({plan.rows}) ORDER BY {ordering} LIMIT {most + 1}", plan.binder
        )
        self.table, self.plan = from_answer(plan.columns, found), None
        if len(self.table) > most:
            shown = " ".join(self.text.split())
            raise TooMuch(f"there are more than {most} rows", f"{shown} | limit {most}")
        return self.table

    def planned(self) -> Plan:
        """The rows as a plan of the engine's."""
        if self.plan is None:
            assert self.table is not None
            self.say(*self.table.warnings)
            self.plan, self.told = to_plan(self.table, Binder()), 0
            self.table = None
        return self.plan

    def ask(self, sql: str, binder: Binder) -> Any:
        return self.parts.query(*binder.question(sql), self.limits.settings())

    # ---- counting

    def _count(self, plan: Plan, stretches: tuple[Count, ...]) -> int:
        """Ask how many rows there are and how many were dropped; how many are left after the last stretch."""
        alive = 0
        for place, stretch in enumerate(stretches[self.told :], self.told):
            messages = not self.bars and not place
            last = place == len(stretches) - 1 and plan.messages
            if self.counting and (messages or last or stretch.drops or stretch.counters):
                alive = self._counted(plan.binder, stretch, messages)
        self.told = len(stretches)
        return alive

    def _counted(self, binder: Binder, stretch: Count, messages: bool) -> int:
        frame = self.frame()
        start, width = binder.bind(frame.start, "Int64"), binder.bind(frame.width, "Int64")
        bar = f"intDiv(t - {start}, {width})" if messages else "toInt64(0)"
        extra = "".join(
            f", countIf(fate = {ALIVE} AND {each.sql}) AS w{at}" for at, each in enumerate(stretch.counters)
        )
        found = self.ask(
            f"SELECT {bar} AS bar, toUInt8(fate) AS fate, count() AS n{extra} FROM ({stretch.counted}) "
            "GROUP BY bar, fate",
            binder,
        )
        fates: dict[int, int] = {}
        for number, fate, n in zip(
            found["bar"].tolist(), found["fate"].tolist(), found["n"].tolist(), strict=True
        ):
            fates[fate] = fates.get(fate, 0) + n
            if messages and fate == ALIVE:
                self.bars[number] = n
        if messages:
            self.read = sum(fates.values())
            self.bars.setdefault(0, 0)
        for drop in stretch.drops:
            self.count(drop.message, fates.get(drop.fate, 0))
        for at, counter in enumerate(stretch.counters):
            self.count(counter.message, int(sum(found[f"w{at}"])))
        return fates.get(ALIVE, 0)

    def count(self, message: str, count: int) -> None:
        if count:
            told = re.sub(r"\{n (\w+)\}", f"{count} \\1{'s' * (count != 1)}", message)
            self.warnings.append({"message": told, "count": count, "row": None})

    def frame(self) -> Buckets:
        return buckets(self.from_ms, self.to_ms, None, BARS)

    # ---- operators that ask more than one question

    def _reduce(self, node: tree.LogReduce, plan: Plan) -> None:
        logreduce.columns(node, plan)
        counting, self.counting = self.counting, True
        total = self._count(plan, plan.closed())
        self.counting = counting
        before = self.text[: node.span.start].rstrip().removesuffix("|").strip() or "*"
        self.table = logreduce.compute(node, plan, lambda sql: self.ask(sql, plan.binder), total, before)
        self.plan = None

    def _keys(self, node: tree.JsonAuto, plan: Plan) -> list[str]:
        plan, text = plan.hidden(f"ifNull({plan.text_of(node.field).sql}, '')")
        found = self.ask(
            f"SELECT {text} AS body FROM ({plan.rows}) WHERE startsWith(trimLeft({text}), '{{') "
            f"ORDER BY {plan.ordering()} LIMIT {json.SAMPLE}",
            plan.binder,
        )
        keys, number = json.keys_of(list(found["body"]))
        if number > len(keys):
            self.say(f"json auto made fields of {len(keys)} keys of {number}; name others with json")
        return keys

    def _earlier(self, query: tree.LogQuery, place: int, node: tree.Compare) -> list[Table]:
        """The table as it is here, for the ranges before."""
        found = []
        for number in range(1, node.count + 1):
            shift = node.shift_ms * number
            run = Run(self.parts, self.text, self.from_ms - shift, self.to_ms - shift, self.limits, False)
            run.carry_out(query, place)
            found.append(run.taken(node))
        return found

    # ---- the answer

    def answered(self, limit: int, descending: bool) -> dict[str, Any]:
        if self.table is None and self.planned().messages:
            plan = self.planned()
            total = self._count(plan, plan.closed())
            found = self.ask(*answer.page(plan, limit, descending)) if limit and total else None
            body = answer.messages(plan, found, total)
        else:
            table = self.taken()
            self.say(*table.warnings)
            body = answer.table(table)
        frame = self.frame()
        return {
            **body,
            "from": self.from_ms,
            "to": self.to_ms,
            "counts": {
                "times": frame.times,
                "values": [self.bars.get(place, 0) for place in range(frame.count)],
                "interval_s": frame.interval_s,
            },
            "read": {"rows": self.read, "sources": len(self.parts.names.logs.by_id)},
            "warnings": self.warnings,
        }
