"""Names of series are those of classes, and the same after every restart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import UsageError
from heapwatch.jvm import names

STABLE = [
    ("java.lang.String", "java.lang.String"),
    ("[B", "byte[]"),
    ("[[J", "long[][]"),
    ("[Ljava.lang.String;", "java.lang.String[]"),
    ("[[Lp.Q;", "p.Q[][]"),
    # lambdas of 8, of 11 to 17, of 21 and up; hidden classes as heap dumps write them
    ("Heap$$Lambda$1/1915318863", "Heap$$Lambda"),
    ("Heap$$Lambda$14/0x00007f13cc000d08", "Heap$$Lambda"),
    ("Heap$$Lambda/0x00000001000c0800", "Heap$$Lambda"),
    ("Heap$$Lambda+0x00000001000c0800", "Heap$$Lambda"),
    ("X$$Lambda$1/0x800000002", "X$$Lambda"),
    ("[Lp.X$$Lambda$1/0x800000002;", "p.X$$Lambda[]"),
    ("java.lang.invoke.LambdaForm$MH/0x00007f13cc000d08", "java.lang.invoke.LambdaForm$MH"),
    ("java.lang.invoke.LambdaForm$DMH/1234567", "java.lang.invoke.LambdaForm$DMH"),
    # reflection and proxies
    ("sun.reflect.GeneratedMethodAccessor12", "sun.reflect.GeneratedMethodAccessor#"),
    (
        "jdk.internal.reflect.GeneratedSerializationConstructorAccessor3",
        "jdk.internal.reflect.GeneratedSerializationConstructorAccessor#",
    ),
    ("com.sun.proxy.$Proxy0", "proxy.$Proxy#"),
    ("jdk.proxy12.$Proxy27", "proxy.$Proxy#"),
    # what frameworks generate
    ("a.B$$EnhancerBySpringCGLIB$$1a2b3c4d", "a.B$$EnhancerBySpringCGLIB$$#"),
    (
        "a.B$$EnhancerByCGLIB$$1a2b3c4d$$FastClassByCGLIB$$5e6f7a8b",
        "a.B$$EnhancerByCGLIB$$#$$FastClassByCGLIB$$#",
    ),
    ("a.B$$SpringCGLIB$$0", "a.B$$SpringCGLIB$$#"),
    ("a.B$ByteBuddy$x9YzQw12", "a.B$ByteBuddy$#"),
    ("a.B$MockitoMock$1234567", "a.B$MockitoMock$#"),
    ("a.B$HibernateProxy$aB3dE6gH", "a.B$HibernateProxy$#"),
    ("a.B_$$_jvst1a2_0", "a.B_$$_jvst#"),
    (
        "org.apache.spark.sql.catalyst.expressions.GeneratedClass$GeneratedIteratorForCodegenStage17",
        "org.apache.spark.sql.catalyst.expressions.GeneratedClass$GeneratedIteratorForCodegenStage#",
    ),
    ("x.GeneratedClass$SpecificUnsafeProjection9", "x.GeneratedClass$SpecificUnsafeProjection#"),
    ("user$eval123", "user$eval#"),
    ("clojure.core$fn__4321", "clojure.core$fn#"),
    ("$line17.$read", "$line#.$read"),
    ("Script12", "Script#"),
    ("Script12$run", "Script#$run"),
    ("p.Task-123e4567-e89b-12d3-a456-426614174000", "p.Task-#uuid"),
    # numbers that a compiler gives are stable and stay
    ("p.Foo$1", "p.Foo$1"),
    ("p.Outer$$anon$3", "p.Outer$$anon$3"),
    ("p.Utf8", "p.Utf8"),
    ("scala.collection.immutable.$colon$colon", "scala.collection.immutable.$colon$colon"),
    ("scala.Function1$mcII$sp", "scala.Function1$mcII$sp"),
    # what would forge rows or steer a terminal
    ("odd.Line\nbreak", "odd.Line\\nbreak"),
    ("odd.Escape\x1b", "odd.Escape\\x1b"),
    ("odd.Right\u202eLeft", "odd.Right\\u202eLeft"),
    ("odd.Emoji\U0001f680", "odd.Emoji\U0001f680"),
    # cut by the VM in the middle of an array's name
    ("[Lp.VeryLong", "p.VeryLong[]"),
]


@pytest.mark.parametrize(("raw", "stable"), STABLE)
def test_a_class_has_the_same_name_in_every_run(raw, stable):
    assert names.normalise(raw) == stable


@pytest.mark.parametrize(("raw", "stable"), STABLE)
def test_a_stable_name_stays_as_it_is(raw, stable):
    assert names.normalise(stable) == stable
    assert names.normalise(names.jvm_form(stable)) == stable


PIECES = st.sampled_from(
    ["$$Lambda$", "/0x1f", "+0x2", "/12", "$Proxy", "GeneratedMethodAccessor", "Script", "$fn__", "12",
     "-", "123e4567-e89b-12d3-a456-426614174000", "$ByteBuddy$", "abcdef12", "$$EnhancerBy", "$$", "345",
     "com.sun.proxy.", "jdk.proxy3.", "[]", "[", "L", ";", "B", ".", "_$$_jvst", "_", "p", "\n", "é",
     "$HibernateProxy", "$", "$line"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_normalising_twice_changes_nothing_more(raw):
    once = names.normalise(raw)
    assert names.normalise(once) == once


@given(st.text())
def test_any_text_is_a_name_that_can_be_shown_on_one_line(raw):
    name = names.normalise(raw)
    assert len(name.splitlines()) <= 1
    assert "\x1b" not in name


@pytest.mark.parametrize(
    ("raw", "name", "module"),
    [
        ("[B (java.base@21.0.8)", "[B", "java.base"),
        ("p.C (app)", "p.C", "app"),
        ("p.C", "p.C", ""),
        ("odd.Par (x y)", "odd.Par (x y)", ""),
        ("odd.Open (", "odd.Open (", ""),
        ("odd.Line\nbreak (m@1)", "odd.Line\nbreak", "m"),
    ],
)
def test_the_module_is_taken_off_and_its_version_dropped(raw, name, module):
    assert names.split_module(raw) == (name, module)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("com.shop.Cart$Item[]", "com.shop"),
        ("byte[]", ""),
        ("Main", ""),
        ("a.b.C", "a.b"),
        ("a.Odd]name", "a"),
    ],
)
def test_the_package_of_a_class(name, package):
    assert names.package(name) == package


@pytest.mark.parametrize(
    ("name", "module", "kind"),
    [
        ("byte[]", "", "array"),
        ("int[][]", "java.base", "array"),
        ("java.lang.String[]", "", "jdk"),
        ("sun.misc.Cleaner", "", "jdk"),
        ("com.sun.org.apache.xerces.Dom", "", "jdk"),
        ("netscape.javascript.JSObject", "jdk.jsobject", "jdk"),
        ("javassist.Pool", "", "app"),
        ("com.shop.Cart", "com.shop", "app"),
        ("jdk.internal.vm.FillerElement[]", "java.base", "filler"),
        ("jdk.internal.vm.FillerObject", "", "filler"),
        ("Main", "", "app"),
    ],
)
def test_the_kind_tells_the_application_from_the_jdk(name, module, kind):
    assert names.kind(name, module) == kind


def test_rules_of_the_user_run_last():
    rules = names.compile_rules([(r"shard\d+", "shard#"), (r"^old\.(\w+)", r"new.\1")])
    assert names.normalise("old.shard12$$Lambda$4/0x1f", rules) == "new.shard#$$Lambda"


@pytest.mark.parametrize(("pattern", "replacement"), [("(", "x"), ("a", r"\1"), ("(?P<x>a)", r"\g<y>")])
def test_a_bad_rule_is_refused_when_it_is_read(pattern, replacement):
    with pytest.raises(UsageError, match="bad rule"):
        names.compile_rules([(pattern, replacement)])
