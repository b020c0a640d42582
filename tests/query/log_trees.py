"""Random log queries: of the language's whole width, and such that make sense over some messages."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from heapwatch.query.logs import tree
from heapwatch.query.tree import And, Match, Name, Not, Or, Pattern, Word

# ---- anything that can be written

_texts = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from('\n\t"\\*%|()/'), max_size=8
)
_names = st.builds(Name, st.sampled_from(["host", "a", "_count", "a.b", "two words", "by", "limit", "é"]))
_numbers = st.builds(tree.Number, st.integers(0, 10**9).map(float) | st.floats(0, 1e6, allow_nan=False))
_by = st.lists(_names, max_size=2).map(tuple)
_some = st.lists(_names, min_size=1, max_size=3).map(tuple)


def _escaped(text: str) -> str:
    """As the tree has it: a backslash before a star that is meant, and before a backslash."""
    return text.replace("\\", "\\\\")


_quoted = st.builds(Pattern, _texts.map(_escaped), st.just(True))
_bare = st.builds(
    Pattern,
    st.text(st.sampled_from("abcXYZ019_-.:*$é#@/&;"), min_size=1, max_size=8).filter(
        lambda text: not text.startswith(("//", "/*"))
    ),
    st.just(False),
)
_patterns = _quoted | _bare
_regexes = st.builds(tree.Regex, st.sampled_from(["a", "(?<x>a+)", "a/b", 'a"b', r"[a-z]*\\"]))

scopes: SearchStrategy[tree.Selector] = st.recursive(
    st.builds(Word, _patterns)
    | st.builds(
        Match,
        _names.filter(lambda n: n.text.isascii() and " " not in n.text),
        st.lists(_patterns, min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    lambda inner: (
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


def _wider(inner: SearchStrategy[tree.Expression]) -> SearchStrategy[tree.Expression]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(tree.Negative, inner),
        st.builds(tree.Binary, st.sampled_from("+-*/%"), inner, inner),
        st.builds(tree.Call, st.sampled_from(["concat", "length", "isNull", "foo"]), several),
        st.builds(tree.Choice, inner, inner, inner),
        st.builds(tree.Comparison, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), inner, inner),
        st.builds(tree.In, inner, several, st.booleans()),
        st.builds(tree.Like, inner, _quoted),
        st.builds(tree.Fits, inner, _regexes),
        st.builds(tree.Contains, inner, inner),
        st.builds(tree.AllOf, several),
        st.builds(tree.AnyOf, several),
        st.builds(tree.NoneOf, inner),
    )


expressions: SearchStrategy[tree.Expression] = st.recursive(
    st.builds(tree.Field, _names.map(lambda n: n.text)) | st.builds(tree.Text, _texts) | _numbers,
    _wider,
    max_leaves=10,
)
_aliases = st.none() | _names
_measures = st.one_of(
    st.builds(tree.Measure, st.just("count"), st.none() | expressions, st.none(), _aliases),
    st.builds(
        tree.Measure,
        st.sampled_from(["sum", "avg", "values", "first", "count_distinct"]),
        expressions,
        st.none(),
        _aliases,
    ),
    st.builds(tree.Measure, st.just("pct"), expressions, st.floats(0, 100), _aliases),
)
_counts = st.integers(1, 1000)
_steps = st.lists(st.text("ab_é", min_size=1, max_size=3) | st.integers(0, 99), min_size=1, max_size=3)
_paths = st.builds(tree.JsonPath, _steps.map(tuple))
_widths = st.sampled_from([1, 250, 1000, 90_000, 3_600_000, 86_400_000, 604_800_000])

operators: SearchStrategy[tree.Operator] = st.one_of(
    st.builds(tree.Parse, _quoted, _some, _aliases, st.booleans()),
    st.builds(tree.ParseRegex, _regexes, _aliases, st.booleans(), st.booleans()),
    st.builds(tree.Json, st.lists(_paths, min_size=1, max_size=2).map(tuple), _some, _aliases, st.booleans()),
    st.builds(tree.JsonAuto, _aliases, st.booleans()),
    st.builds(tree.Where, expressions),
    st.builds(tree.Assign, expressions, _names),
    st.builds(tree.Fields, _some, st.booleans()),
    st.builds(tree.Timeslice, _widths, st.none(), _aliases),
    st.builds(tree.Timeslice, st.none(), st.integers(1, 300), _aliases),
    st.builds(tree.Aggregate, st.lists(_measures, min_size=1, max_size=3).map(tuple), _by),
    st.builds(
        tree.Sort, st.lists(st.builds(tree.SortKey, _names, st.booleans()), min_size=1, max_size=2).map(tuple)
    ),
    st.builds(tree.Limit, _counts),
    st.builds(tree.Top, _counts, _some, _names | _measures),
    st.builds(tree.Transpose, _some, _some),
    st.builds(tree.Total, _names, _by, _aliases),
    st.builds(tree.Accum, _names, _by, _aliases),
    st.builds(tree.Diff, _names, _by, _aliases),
    st.builds(tree.RollingStd, _names, st.integers(2, 50), _by, _aliases),
    st.builds(
        tree.Outlier,
        _names,
        st.integers(2, 50),
        st.floats(0, 10),
        st.integers(1, 5),
        st.sampled_from(["+-", "+", "-"]),
        _by,
    ),
    st.builds(tree.Predict, _names, st.integers(1, 50), _by),
    st.builds(tree.Compare, _widths, st.integers(1, 30), st.sampled_from([None, "avg", "min", "max"])),
    st.builds(tree.LogReduce, _aliases, _by),
)
queries = st.builds(
    tree.LogQuery, st.just(tree.Everything()) | scopes, st.lists(operators, max_size=4).map(tuple)
)


# ---- queries over the messages of test_against_oracle.py

WORDS = ("error", "ERR*", "*ror", "db-1", "db-*", "took", "x_y", "user", "é*", "nothing")
_words = st.builds(Word, st.builds(Pattern, st.sampled_from(WORDS)))
_phrases = st.builds(
    Word,
    st.builds(
        Pattern,
        st.sampled_from(["code=200", "took *ms", "to db", r"a\*b", "user=", "=", "or in"]),
        st.just(True),
    ),
)
_labels = st.builds(
    Match,
    st.sampled_from([Name("host"), Name("env"), Name("_level")]),
    st.lists(
        st.builds(Pattern, st.sampled_from(["web1", "web*", "prod", "*", "error", "info"])),
        min_size=1,
        max_size=2,
    ).map(tuple),
    st.booleans(),
)
sensible_scopes = st.just(tree.Everything()) | st.recursive(
    _words | _phrases | _labels,
    lambda inner: (
        st.builds(And, st.tuples(inner, inner))
        | st.builds(Or, st.tuples(inner, inner))
        | st.builds(Not, inner)
    ),
    max_leaves=4,
)

PARSED = tree.Parse(
    Pattern("user=* took *ms code=*", True), (Name("user"), Name("ms"), Name("code")), None, True
)
_literals = st.sampled_from(
    [
        tree.Number(9.0),
        tree.Number(0.5),
        tree.Text("alice"),
        tree.Text("200"),
        tree.Text(""),
        tree.Text("n/a"),
        tree.Number(404.0),
        tree.Text("Bob"),
    ]
)


@st.composite
def sensible(draw: DrawFn) -> tree.LogQuery:
    """A query whose fields are there: parsed ones, labels, and what it makes itself."""
    made: list[tree.Operator] = (
        [PARSED]
        if draw(st.booleans())
        else [tree.Parse(PARSED.pattern, PARSED.names, None, draw(st.booleans()))]
    )
    fields = ["user", "ms", "code", "host", "env", "_text", "_level"]
    for _ in range(draw(st.integers(0, 3))):
        made.append(draw(_of_messages(fields)))
        fields += [name.text for name in _given(made[-1]) if name.text not in fields]
    if draw(st.integers(0, 3)):
        made += draw(_aggregated(fields))
    return tree.LogQuery(draw(sensible_scopes), tuple(made))


def _given(node: tree.Operator) -> list[Name]:
    if isinstance(node, tree.Assign):
        return [node.name]
    if isinstance(node, tree.ParseRegex):
        return [Name("k"), Name("v")]
    return list(node.names) if isinstance(node, (tree.Json, tree.Parse)) else []


def _values(fields: list[str]) -> SearchStrategy[tree.Expression]:
    leaves = st.sampled_from(fields).map(tree.Field) | _literals

    def wider(inner: SearchStrategy[tree.Expression]) -> SearchStrategy[tree.Expression]:
        return st.one_of(
            st.builds(tree.Binary, st.sampled_from("+-*/%"), inner, inner),
            st.builds(tree.Negative, inner),
            st.builds(
                tree.Call,
                st.sampled_from(["num", "toLowerCase", "length", "abs", "round", "floor", "ceil", "trim"]),
                st.tuples(inner),
            ),
            st.builds(tree.Call, st.just("concat"), st.tuples(inner, inner)),
            st.builds(
                tree.Call,
                st.just("substring"),
                st.tuples(inner, st.integers(0, 4).map(float).map(tree.Number)),
            ),
            st.builds(tree.Choice, conditions(fields), inner, inner),
        )

    return st.recursive(leaves, wider, max_leaves=4)


def conditions(fields: list[str]) -> SearchStrategy[tree.Expression]:
    field = st.sampled_from(fields).map(tree.Field)
    single = st.one_of(
        st.builds(
            tree.Comparison, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), field, field | _literals
        ),
        st.builds(tree.In, field, st.lists(_literals, min_size=1, max_size=3).map(tuple), st.booleans()),
        st.builds(
            tree.Like,
            field,
            st.builds(Pattern, st.sampled_from(["*l*", "web*", "200", "", r"*\**"]), st.just(True)),
        ),
        st.builds(
            tree.Fits, field, st.builds(tree.Regex, st.sampled_from(["^[a-z]", "l.c", "[0-9]{3}$", "e|o"]))
        ),
        st.builds(tree.Contains, field, st.builds(tree.Text, st.sampled_from(["li", "0", "", "é", "web"]))),
        st.builds(tree.Call, st.sampled_from(["isNull", "isEmpty", "isNumeric"]), st.tuples(field)),
    )
    return st.recursive(
        single,
        lambda inner: (
            st.builds(tree.AllOf, st.tuples(inner, inner))
            | st.builds(tree.AnyOf, st.tuples(inner, inner))
            | st.builds(tree.NoneOf, inner)
        ),
        max_leaves=3,
    )


def _of_messages(fields: list[str]) -> SearchStrategy[tree.Operator]:
    return st.one_of(
        st.builds(tree.Where, conditions(fields)),
        st.builds(tree.Assign, _values(fields), st.sampled_from([Name("f"), Name("g"), Name("ms")])),
        st.builds(
            tree.ParseRegex,
            st.just(tree.Regex(r"(?<k>[a-z]+\d?)=(?<v>\w*)")),
            st.none(),
            st.booleans(),
            st.booleans(),
        ),
        st.builds(
            tree.Parse,
            st.just(Pattern("=*=", True)),
            st.just((Name("h"),)),
            st.sampled_from([None, Name("_text")]),
            st.booleans(),
        ),
        st.builds(
            tree.Json,
            st.just((tree.JsonPath(("a", "b")), tree.JsonPath(("c", 1)), tree.JsonPath(("s",)))),
            st.just((Name("b"), Name("c"), Name("s"))),
            st.none(),
            st.booleans(),
        ),
        st.builds(tree.Limit, st.integers(1, 12)),
        st.builds(
            tree.Sort,
            st.lists(
                st.builds(tree.SortKey, st.sampled_from(fields).map(Name), st.booleans()),
                min_size=1,
                max_size=2,
                unique_by=lambda key: key.name.text,
            ).map(tuple),
        ),
    )


@st.composite
def _aggregated(draw: DrawFn, fields: list[str]) -> list[tree.Operator]:
    sliced = draw(st.booleans())
    by = draw(st.lists(st.sampled_from([f for f in fields if f != "_text"]), max_size=2, unique=True))
    by = ["_timeslice", *by] if sliced else by
    functions = draw(
        st.lists(
            st.sampled_from(
                [
                    "count",
                    "sum",
                    "avg",
                    "min",
                    "max",
                    "pct",
                    "stddev",
                    "median",
                    "first",
                    "last",
                    "values",
                    "count_distinct",
                ]
            ),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    measures = tuple(
        tree.Measure(
            each,
            tree.Field(draw(st.sampled_from(fields))),
            37.5 if each == "pct" else None,
            Name(f"m{place}"),
        )
        for place, each in enumerate(functions)
    )
    made: list[tree.Operator] = [tree.Timeslice(draw(st.sampled_from([60_000, 420_000])))] if sliced else []
    made.append(tree.Aggregate(measures, tuple(map(Name, by))))
    names = [Name(name) for name in [*by, *(f"m{place}" for place in range(len(measures)))]]
    groups = tuple(name for name in names if name.text not in ("m0", "m1", "m2", "_timeslice"))
    for _ in range(draw(st.integers(0, 3))):
        made.append(draw(_of_tables(names, groups, sliced)))
        if isinstance(made[-1], (tree.Transpose, tree.Top)):
            break
    return made


def _of_tables(names: list[Name], groups: tuple[Name, ...], sliced: bool) -> SearchStrategy[tree.Operator]:
    m = Name("m0")
    by = st.sampled_from([(), groups])
    columns = [name.text for name in names if name.text != "_timeslice"]
    choices: list[SearchStrategy[tree.Operator]] = [
        st.builds(tree.Total, st.just(m), by),
        st.builds(tree.Accum, st.just(m), by),
        st.builds(tree.Diff, st.just(m), by),
        st.builds(tree.RollingStd, st.just(m), st.integers(2, 4), by),
        st.builds(
            tree.Outlier,
            st.just(m),
            st.integers(2, 4),
            st.sampled_from([0.5, 1.0, 3.0]),
            st.integers(1, 2),
            st.sampled_from(["+-", "+", "-"]),
            by,
        ),
        st.builds(tree.Where, conditions(columns)),
        st.builds(
            tree.Sort, st.builds(tree.SortKey, st.sampled_from(names), st.booleans()).map(lambda key: (key,))
        ),
        st.builds(tree.Limit, st.integers(1, 6)),
        st.builds(tree.Top, st.integers(1, 4), st.just((names[0],)), st.just(m)),
    ]
    return st.one_of(choices)
