"""Random queries as trees: everything that the grammar can say."""

from __future__ import annotations

import string

from hypothesis import strategies as st

from heapwatch.query import tree
from heapwatch.query.tree import Name, Number, Pattern, Reducer, RowRef

REDUCERS = ["avg", "min", "max", "sum", "count", "latest", "stddev", "slope"]
ROLLUPS = ["avg", "min", "max", "sum", "count", "latest"]

_letters = string.ascii_letters + string.digits
_word = st.one_of(
    st.sampled_from(["by", "as", "sum", "field", "where", "along", "nodrop", "500", "-5", "a/b", "x+y"]),
    st.sampled_from(["**", "*", "a.b", "x", "*.size.**", "[B", "byte[]", "java.util.HashMap$Node"]),
    st.sampled_from(["αβγ", "50%", r"a\*b"]),
    st.text(_letters + ".$_-:*", min_size=1, max_size=12),
)  # fmt: skip
words = _word.filter(lambda text: text.lower() not in ("and", "or", "not"))
names = st.one_of(
    st.sampled_from(["host", "class", "jvm", "_rawName", "_1", "by", "as", "env", "k8s.io/pod"]),
    st.builds(
        lambda a, b: a + b, st.sampled_from(string.ascii_letters + "_"), st.text(_letters + "_.-", max_size=6)
    ),
).map(Name)
_names = st.lists(names, max_size=3).map(tuple)
_some_names = st.lists(names, min_size=1, max_size=3).map(tuple)
quoted = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\\u2028\u2029\x85")
    | st.sampled_from("\n\t*"),
    max_size=10,
)
patterns = st.one_of(words.map(Pattern), quoted.map(lambda text: Pattern(text, quoted=True)))
numbers = st.one_of(
    st.integers(0, 10**12).map(float),
    st.floats(0, 1e300, allow_nan=False),
    st.sampled_from([0.5, 1e15, 1e-9]),
)
signed = st.one_of(numbers, numbers.map(lambda value: -value))
durations = st.one_of(
    st.integers(1, 10**9), st.sampled_from([1000, 60_000, 90_000, 3_600_000, 86_400_000, 7 * 86_400_000])
)
letters = st.sampled_from(string.ascii_uppercase)
ranks = st.floats(0, 100, allow_nan=False)

_match = st.builds(tree.Match, names, st.lists(patterns, min_size=1, max_size=3).map(tuple), st.booleans())
selectors = st.recursive(
    st.one_of(patterns.map(tree.Word), _match),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(tree.And),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(tree.Or),
        inner.map(tree.Not),
    ),
    max_leaves=8,
)


def _arithmetic(leaf: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(tree.Binary, st.sampled_from("+-*/"), inner, inner), inner.map(tree.Negative)
        ),
        max_leaves=6,
    )


joined = st.builds(
    lambda a, b, sign: tree.Binary(sign, a, b),
    _arithmetic(st.one_of(letters.map(RowRef), numbers.map(Number))),
    letters.map(RowRef),
    st.sampled_from("+-*/"),
)
_reducers = st.one_of(st.sampled_from(REDUCERS).map(Reducer), ranks.map(lambda rank: Reducer("pct", rank)))
_leaf = st.one_of(numbers.map(Number), _reducers, st.just(tree.Value()), st.just(tree.Granularity()))
expressions = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.builds(tree.Binary, st.sampled_from("+-*/"), inner, inner),
        inner.map(tree.Negative),
        st.builds(
            lambda name, one: tree.Call(name, (one,)),
            st.sampled_from(["sin", "abs", "log", "sqrt", "round"]),
            inner,
        ),
        st.builds(lambda name, a, b: tree.Call(name, (a, b)), st.sampled_from(["min", "max"]), inner, inner),
    ),
    max_leaves=6,
)
conditions = st.recursive(
    st.builds(tree.Comparison, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), expressions, expressions),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(tree.AllOf),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(tree.AnyOf),
        inner.map(tree.NoneOf),
    ),
    max_leaves=4,
)
_occurrences = st.builds(
    tree.Occurrence, st.none() | st.integers(1, 100), st.sampled_from(["first", "any", "last"]), durations
)
_kinds = st.sampled_from(["", "increasing", "decreasing", "counter"])
operators: st.SearchStrategy[tree.Operator] = st.one_of(
    st.builds(
        tree.Aggregate,
        st.sampled_from(["sum", "avg", "min", "max", "count", "stddev"]),
        st.just(()),
        _names,
    ),
    st.builds(tree.Aggregate, st.just("pct"), st.lists(ranks, min_size=1, max_size=3).map(tuple), _names),
    st.builds(tree.Parse, patterns, _some_names, st.none() | names, st.booleans()),
    st.builds(tree.TopK, st.integers(1, 1000), expressions, _names, st.booleans()),
    st.builds(tree.Where, conditions, st.none() | _occurrences),
    st.builds(tree.Quantize, st.none() | durations, st.none() | st.sampled_from(ROLLUPS), st.booleans()),
    st.builds(tree.Rate, _kinds, st.none() | durations),
    st.builds(tree.Delta, _kinds),
    st.just(tree.Accum()),
    st.builds(tree.Eval, expressions),
    st.builds(tree.Ewma, alpha=st.floats(0.01, 1)),
    st.builds(tree.Ewma, points=st.none() | st.integers(1, 100)),
    st.builds(tree.TimeShift, durations),
    st.builds(tree.FillMissing, st.sampled_from(["empty", "interpolation", "last"])),
    st.builds(tree.FillMissing, st.just("value"), signed),
    st.builds(
        tree.Outlier,
        st.none() | st.integers(2, 99),
        threshold=signed,
        direction=st.sampled_from(["+-", "+", "-"]),
    ),
    st.builds(tree.Outlier, window_ms=durations),
    st.builds(
        tree.Predict, st.sampled_from(["linear", "theil-sen"]), st.none() | durations, st.none() | signed
    ),
    st.builds(tree.Diff, st.sampled_from(["-1h", "2026-01-01T00:00:00+02:00", "now"]), st.just("now")),
)  # fmt: skip
_chains = st.lists(operators, max_size=4).map(tuple)
bodies = st.one_of(
    st.builds(tree.Pipeline, selectors, _chains),
    st.builds(tree.Pipeline, letters.map(RowRef), _chains),
    st.builds(tree.Join, joined, _names, st.none() | names.map(lambda name: name.text), _chains),
)
scripts = st.lists(bodies, min_size=1, max_size=4).flatmap(
    lambda found: st.permutations(list(string.ascii_uppercase)).map(
        lambda order: tree.Script(tuple(map(tree.Row, order, found)))
    )
)
