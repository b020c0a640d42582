"""Expressions and conditions as SQL.

Two values compare as numbers when both are numbers, as texts when neither is; a number and a text are never
equal, nor is one less. What is absent equals nothing, so `!=` holds for it. A condition is never NULL.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import re2

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.plan import NUMBER, TEXT, Plan, Value, as_number, as_text, number_in
from heapwatch.query.logs.wording import nearest
from heapwatch.query.tree import Name, Pattern

_SIGNS = {"=": "=", "!=": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


LONGEST = 50_000
"""Characters of SQL that one expression may come to."""


def value(plan: Plan, node: tree.Expression) -> Value:
    """An expression's value; a condition is none."""
    found = _value(plan, node)
    if len(found.sql) > LONGEST:
        raise Fault("this expression is too large", node.span, "give parts of it names, with as")
    return found


def _value(plan: Plan, node: tree.Expression) -> Value:
    if isinstance(node, tree.Field):
        return plan.column(Name(node.name, span=node.span)).value
    if isinstance(node, tree.Number):
        return Value(plan.binder.bind(node.value, "Float64"), NUMBER)
    if isinstance(node, tree.Text):
        return Value(f"toNullable({plan.binder.bind(node.value)})", TEXT)
    if isinstance(node, tree.Negative):
        return Value(f"negate({number(plan, node.operand)})", NUMBER)
    if isinstance(node, tree.Binary):
        return _binary(plan, node)
    if isinstance(node, tree.Choice):
        return _choice(plan, node)
    if isinstance(node, tree.Call) and node.function.lower() not in TESTS:
        return _call(plan, node)
    raise Fault("a condition is no value", node.span, 'choose by it: if(condition, "yes", "no")')


def number(plan: Plan, node: tree.Expression) -> str:
    return as_number(value(plan, node))


def text(plan: Plan, node: tree.Expression) -> str:
    return as_text(value(plan, node)).sql


def condition(plan: Plan, node: tree.Expression) -> str:
    """A condition as 0 or 1."""
    if isinstance(node, tree.AllOf):
        return "(" + " AND ".join(condition(plan, part) for part in node.parts) + ")"
    if isinstance(node, tree.AnyOf):
        return "(" + " OR ".join(condition(plan, part) for part in node.parts) + ")"
    if isinstance(node, tree.NoneOf):
        return f"(NOT {condition(plan, node.part)})"
    if isinstance(node, tree.Comparison):
        return _comparison(plan, node.operator, node.left, node.right)
    if isinstance(node, tree.In):
        found = " OR ".join(_comparison(plan, "=", node.value, option) for option in node.options)
        return f"(NOT ({found}))" if node.negated else f"({found})"
    if isinstance(node, tree.Like):
        regex = plan.binder.bind(like(node.pattern))
        return f"ifNull(match({text(plan, node.value)}, {regex}), 0)"
    if isinstance(node, tree.Fits):
        regex = plan.binder.bind(regular(node.regex).sql)
        return f"ifNull(match({text(plan, node.value)}, {regex}), 0)"
    if isinstance(node, tree.Contains):
        return f"ifNull(position({text(plan, node.value)}, {text(plan, node.part)}) > 0, 0)"
    if isinstance(node, tree.Call) and node.function.lower() in TESTS:
        return _test(plan, node)
    if isinstance(node, tree.Call) and node.function.lower() not in FUNCTIONS:
        raise _no_function(node)
    raise Fault("this is a value, not a condition", node.span, "compare it with something, as in x > 3")


# ---- comparing


def _comparison(plan: Plan, sign: str, left: tree.Expression, right: tree.Expression) -> str:
    a, b = value(plan, left), value(plan, right)
    found = f"ifNull({_compared(_SIGNS[sign], a, b, _constant(left), _constant(right))}, 0)"
    return f"(NOT {found})" if sign == "!=" else found


def _constant(node: tree.Expression) -> str | None:
    return node.value if isinstance(node, tree.Text) else None


def _compared(sign: str, a: Value, b: Value, fixed_a: str | None, fixed_b: str | None) -> str:
    texts = a.kind == TEXT and b.kind == TEXT
    for fixed, other in ((fixed_b, a), (fixed_a, b)):
        if fixed is not None and texts and sign == "=" and number_in(fixed) is None:
            return f"{a.sql} = {b.sql}"  # the usual case, without a thought of numbers
        if fixed is not None and number_in(fixed) is None and other.kind != TEXT:
            return "0"
    numbers = f"{as_number(a)} {sign} {as_number(b)}"
    if not texts:
        return numbers
    both = f"isNotNull({as_number(a)}) AND isNotNull({as_number(b)})"
    neither = f"isNull({as_number(a)}) AND isNull({as_number(b)}) AND ifNull({a.sql} {sign} {b.sql}, 0)"
    return f"if({both}, {numbers}, {neither})"


# ---- computing


def _binary(plan: Plan, node: tree.Binary) -> Value:
    a, b = number(plan, node.left), number(plan, node.right)
    if node.operator in "/%":
        b = f"nullIf({b}, 0)"  # nothing comes of a division by zero
    return Value(f"({a} {node.operator} {b})", NUMBER)


def _choice(plan: Plan, node: tree.Choice) -> Value:
    test, yes, no = condition(plan, node.condition), value(plan, node.yes), value(plan, node.no)
    if yes.kind == no.kind == TEXT:
        return Value(f"if({test}, {yes.sql}, {no.sql})", TEXT)
    if TEXT not in (yes.kind, no.kind):
        return Value(f"if({test}, toFloat64({yes.sql}), toFloat64({no.sql}))", NUMBER)
    return Value(f"if({test}, {as_text(yes).sql}, {as_text(no).sql})", TEXT)


def _concat(plan: Plan, node: tree.Call) -> Value:
    parts = ", ".join(f"ifNull({text(plan, each)}, '')" for each in node.arguments)
    return Value(f"toNullable(concat({parts}, ''))", TEXT)


def _substring(plan: Plan, node: tree.Call) -> Value:
    """From a place to before another, both counted from 0."""
    whole = text(plan, node.arguments[0])
    begin = f"greatest(toInt64(ifNull({number(plan, node.arguments[1])}, 0)), 0)"
    if len(node.arguments) == 2:
        return Value(f"substringUTF8({whole}, {begin} + 1)", TEXT)
    end = f"toInt64(ifNull({number(plan, node.arguments[2])}, 0))"
    return Value(f"substringUTF8({whole}, {begin} + 1, greatest({end} - {begin}, 0))", TEXT)


def _of_text(function: str) -> Callable[[Plan, tree.Call], Value]:
    return lambda plan, node: Value(f"{function}({text(plan, node.arguments[0])})", TEXT)


def _of_number(function: str) -> Callable[[Plan, tree.Call], Value]:
    return lambda plan, node: Value(f"{function}({number(plan, node.arguments[0])})", NUMBER)


def _length(plan: Plan, node: tree.Call) -> Value:
    return Value(f"toFloat64(lengthUTF8({text(plan, node.arguments[0])}))", NUMBER)


def _round(plan: Plan, node: tree.Call) -> Value:
    """Half away from zero, as people do it."""
    x = number(plan, node.arguments[0])
    return Value(f"(sign({x}) * floor(abs({x}) + 0.5))", NUMBER)


# name in lower case: name as shown, fewest and most arguments, how it is lowered
FUNCTIONS: dict[str, tuple[str, int, int, Callable[[Plan, tree.Call], Value]]] = {
    "num": ("num", 1, 1, _of_number("toFloat64")),
    "tolowercase": ("toLowerCase", 1, 1, _of_text("lowerUTF8")),
    "touppercase": ("toUpperCase", 1, 1, _of_text("upperUTF8")),
    "concat": ("concat", 1, 50, _concat),
    "length": ("length", 1, 1, _length),
    "substring": ("substring", 2, 3, _substring),
    "trim": ("trim", 1, 1, _of_text("trimBoth")),
    "abs": ("abs", 1, 1, _of_number("abs")),
    "round": ("round", 1, 1, _round),
    "floor": ("floor", 1, 1, _of_number("floor")),
    "ceil": ("ceil", 1, 1, _of_number("ceil")),
}
TESTS = {"isnull": "isNull", "isempty": "isEmpty", "isnumeric": "isNumeric"}


def _call(plan: Plan, node: tree.Call) -> Value:
    found = FUNCTIONS.get(node.function.lower())
    if found is None:
        raise _no_function(node)
    shown, fewest, most, lower = found
    _arguments(node, shown, fewest, most)
    return lower(plan, node)


def _test(plan: Plan, node: tree.Call) -> str:
    name = TESTS[node.function.lower()]
    _arguments(node, name, 1, 1)
    found = value(plan, node.arguments[0])
    if name == "isNull":
        return f"isNull({found.sql})"
    if name == "isEmpty":
        return f"(ifNull({as_text(found).sql}, '') = '')"
    return f"isNotNull({as_number(found)})"


def _arguments(node: tree.Call, shown: str, fewest: int, most: int) -> None:
    if not fewest <= len(node.arguments) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise Fault(
            f"{shown} takes {wanted} argument{'s' * (most > 1)}, not {len(node.arguments)}", node.span
        )


def _no_function(node: tree.Call) -> Fault:
    known = [shown for shown, *_ in FUNCTIONS.values()] + [*TESTS.values(), "if"]
    if node.function.lower() == "if":
        return Fault("if takes 3 arguments", node.span, 'as in if(x > 3, "much", "little")')
    near = nearest(node.function, known)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
    return Fault(f"unknown function {node.function[:40]!r}", node.span, hint)


# ---- patterns


def like(pattern: Pattern) -> str:
    """A pattern with `*` as an expression that the whole value fits."""
    return f"(?s)^(?:{wild(pattern.text, '.*')})$"


def wild(pattern: str, star: str, quote: Callable[[str], str] = re2.escape) -> str:
    """A pattern's literal parts quoted, its stars as told; `\\*` and `\\\\` are themselves."""
    parts = re.findall(r"\\[*\\]|\*+|[^*\\]+|\\", pattern)
    return "".join(
        star if part[0] == "*" else quote(part[1:] if part in ("\\*", "\\\\") else part) for part in parts
    )


class Regular:
    """An RE2 expression that was compiled: its groups by name, and how the engine gets it."""

    def __init__(self, sql: str, groups: dict[str, int], count: int) -> None:
        self.sql = sql
        self.groups = groups
        self.count = count


def regular(node: tree.Regex) -> Regular:
    """Checked by the library that the engine runs: what it takes is done in linear time."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        compiled = re2.compile(node.text, options)
    except re2.error as error:
        said = (
            error.args[0].decode("utf-8", "replace")
            if error.args and isinstance(error.args[0], bytes)
            else str(error)
        )
        raise Fault(f"not a regular expression: {said[:120]}", node.span, "the syntax is RE2's") from None
    if "\0" in node.text:
        raise Fault("a regular expression has no NUL in it", node.span, r"write \x00")
    # a dot does not run over the end of a line unless asked to, here as everywhere
    return Regular(f"(?-s:{node.text})", dict(compiled.groupindex), compiled.groups)
