"""`parse [field=f] "start*stop" as a, b [nodrop]`

The pattern is found anywhere in the text, in its case; each `*` is the shortest run that fits, within a line,
and at the pattern's end the rest of the line. It becomes one RE2 expression with a group for each star.
"""

from __future__ import annotations

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.expressions import wild
from heapwatch.query.logs.plan import TEXT, Plan, Value
from heapwatch.query.tree import Name, Pattern


def lower(node: tree.Parse, plan: Plan) -> Plan:
    stars = expression(node.pattern)[1]
    if stars != len(node.names):
        raise Fault(
            f"the pattern has {stars} * and there are {len(node.names)} names",
            node.pattern.span,
            "each * is one field; \\* is a star",
        )
    refuse_twice(node.names)
    regex = plan.binder.bind(expression(node.pattern)[0])
    plan, found = plan.hidden(f"extractGroups(ifNull({plan.text_of(node.field).sql}, ''), {regex})")
    if not node.nodrop:
        plan = plan.kept(
            f"notEmpty({found})",
            f"parse {shown(node.pattern.text)} dropped {{n {plan.noun}}} without a match",
        )
    return plan.made(
        [
            (name, Value(f"if(empty({found}), NULL, {found}[{place}])", TEXT))
            for place, name in enumerate(node.names, 1)
        ]
    )


def expression(pattern: Pattern) -> tuple[str, int]:
    """The pattern as RE2, and how many stars it has."""
    pieces = wild(pattern.text, "\0").split("\0")
    regex = pieces[0]
    for place, piece in enumerate(pieces[1:], 1):
        rest_of_line = place == len(pieces) - 1 and not piece
        regex += ("([^\\n]*)" if rest_of_line else "([^\\n]*?)") + piece
    return regex, len(pieces) - 1


def shown(text: str) -> str:
    """A pattern in a sentence: one line, not too long."""
    line = text.replace("\n", "\\n").replace("\t", "\\t").replace("{", "(").replace("}", ")")
    return f'"{line if len(line) <= 40 else line[:39] + "…"}"'


def refuse_twice(names: tuple[Name, ...]) -> None:
    """Every name stands for one field."""
    seen = set()
    for name in names:
        if name.text in seen:
            raise Fault(f"two fields are called {name.text[:60]!r}", name.span)
        seen.add(name.text)
