"""Class names keep their identity through Graphite paths."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heapwatch.errors import UsageError
from heapwatch.wire.graphite import parse_lines
from heapwatch.wire.paths import ClassPath, Template, escape, unescape

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(names)
@example("java.lang.String[]")
@example("odd.Par (x)")
@example("new\nline\tand\u2028more")
@example("%2E%%41")
@example("kotlin;a=b{c}*?,|/d")
@example("😀.Ünïcode")
def test_every_class_name_comes_back_from_its_path(name: str) -> None:
    assert unescape(escape(name)) == name


@given(names, names, names, st.sampled_from(["count", "size"]))
def test_a_class_sample_comes_back_from_its_path_under_any_host(
    host: str, jvm: str, name: str, measure: str
) -> None:
    template = Template("heapwatch.<host>.<jvm>.<count|size>.<class>")
    sample = ClassPath(host, jvm, measure, name)
    assert template.read(template.path(sample)) == sample


@given(names, names)
def test_a_path_survives_the_line_protocol(host: str, name: str) -> None:
    path = Template().path(ClassPath(host, "", "size", name))
    assert parse_lines(f"{path} 1 2\n".encode(), 0).paths == [path]


def test_the_story_s_paths_read_as_class_samples() -> None:
    read = Template().read("memleak3.count.scala.collection.immutable.RedBlackTree$BlackTree")
    assert read == ClassPath("memleak3", "", "count", "scala.collection.immutable.RedBlackTree$BlackTree")


def test_a_host_with_dots_stays_one_node() -> None:
    sample = ClassPath("db1.prod.example", "", "size", "byte[]")
    assert Template().path(sample) == "db1%2Eprod%2Eexample.size.byte[]"


@pytest.mark.parametrize(
    "path", ["servers.web.cpu.load", "web.count", "web.count.", ".count.x", "web.size", ""]
)
def test_any_other_path_is_an_ordinary_metric(path: str) -> None:
    assert Template().read(path) is None


def test_literal_nodes_must_match() -> None:
    template = Template("hw.<host>.<count|size>.<class>")
    assert template.read("hw.a.count.X") == ClassPath("a", "", "count", "X")
    assert template.read("other.a.count.X") is None


def test_an_escape_that_is_not_text_is_left_alone() -> None:
    assert unescape("100%FF%") == "100%FF%"


@pytest.mark.parametrize(
    "text",
    ["", "<host>.<class>", "<count|size>.<class>", "<host>.<count|size>.<class>.x", "<host>.<size>.<class>",
     "<host>..<count|size>.<class>", "a b.<host>.<count|size>.<class>", "<host>.<host>.<count|size>.<class>"],
)  # fmt: skip
def test_a_template_that_could_not_be_read_back_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="path template"):
        Template(text)
