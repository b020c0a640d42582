"""What JVMs are called, from command lines, options and environments as people write them."""

import os
import subprocess

import pytest

from heapwatch.jvm import discover
from heapwatch.jvm.discover import Discovery, find
from heapwatch.jvm.naming import command_of, labels_of, service_name
from heapwatch.model import Target
from jvms.fixtures import home_of


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("com.shop.Main --port 80", "com.shop.Main"),
        ("/opt/shop/shop-1.2.jar --port 80", "shop-1.2"),
        ("/opt/my shop/shop.jar --port 80", "shop"),
        ("shop.war", "shop"),
        ("com.shop/com.shop.Main x.jar", "com.shop.Main"),
        ("Main input.jar", "Main"),
        ("", "python3"),
    ],
)
def test_an_application_is_named_after_its_class_or_jar(command, name):
    assert service_name(command, comm="python3") == name


def test_the_configured_name_beats_the_property_beats_the_environment():
    options = ["-Dheapwatch.name=cart", "-Xmx1g"]
    variables = {"OTEL_SERVICE_NAME": "otel-cart"}
    assert service_name("a.B", options, variables, "configured") == "configured"
    assert service_name("a.B", options, variables) == "cart"
    assert service_name("a.B", [], variables) == "otel-cart"
    assert service_name("a.B", ["-Dheapwatch.name= "], {}) == "a.B"


def test_labels_come_from_options_and_the_environment_and_options_win():
    options = ["-Dheapwatch.version=2.0", "-Dheapwatch.label.team=till", "-Dheapwatch.label.env=prod"]
    variables = {
        "HEAPWATCH_LABELS": "env=stage, zone=a,broken",
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=1.0,deployment.environment=dev,host.name=x",
    }
    assert labels_of(options, variables) == {"version": "2.0", "team": "till", "env": "prod", "zone": "a"}


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["java", "-Xmx1g", "-cp", "a.jar:b.jar", "com.shop.Main", "x", "y"], "com.shop.Main x y"),
        (["/usr/bin/java", "-jar", "/opt/shop.jar", "-p", "80"], "/opt/shop.jar -p 80"),
        (["java", "--module-path", "mods", "-m", "shop/com.shop.Main"], "shop/com.shop.Main"),
        (["java", "@argfile", "--add-opens", "a/b=c", "Main"], "Main"),
        (["java", "--module=shop/com.shop.Main", "x"], "shop/com.shop.Main x"),
        (["java", "-version"], ""),
        (["python3", "script.py"], ""),
        ([], ""),
    ],
)
def test_the_command_is_found_on_a_launchers_command_line(arguments, command):
    assert command_of(arguments) == command


def target(pid, name, command="", **more):
    return Target(
        pid=pid, nspid=pid, start_ticks=1, started=1, name=name, uid=0, gid=0, user="root", vm="hotspot",
        command=command, **more,
    )  # fmt: skip


SHOP, CART, TILL = (
    target(11, "com.shop.Shop", "com.shop.Shop"),
    target(12, "cart", "com.shop.Cart"),
    target(13, "cart-test", "com.shop.Cart"),
)


@pytest.mark.parametrize(
    ("text", "pid"), [("11", 11), ("cart", 12), ("com.shop.Shop", 11), ("shop.shop", 11), ("cart-t", 13)]
)
def test_a_jvm_is_found_by_pid_name_or_part_of_it(text, pid):
    assert find(text, [SHOP, CART, TILL]).pid == pid


def test_a_part_that_fits_several_names_the_candidates():
    with pytest.raises(discover.NotFound, match="fits 2 JVMs, say which: 12 cart, 13 cart-test"):
        find("com.shop.Cart", [CART, TILL])


def test_a_name_that_fits_none_lists_what_there_is():
    with pytest.raises(discover.NotFound, match="no JVM here is called 'x'; there are 12 cart"):
        find("x", [CART])
    with pytest.raises(discover.NotFound, match="none runs"):
        find("x", [])


def test_a_pid_of_something_else_is_said_to_be_no_jvm():
    with pytest.raises(discover.NotFound, match="is not a JVM"):
        find(str(os.getpid()), [])
    with pytest.raises(discover.NotFound, match="there is no process 4194303"):
        find("4194303", [])


class MadeUpProc:
    """A /proc of files, in which processes come and go as a test likes."""

    def __init__(self, root):
        self.root = root
        self.opened = []
        (root / "stat").write_text("btime 1700000000\n")

    def process(self, pid, maps="", start=100, cmdline="java -cp x com.shop.Main", environ=""):
        directory = self.root / str(pid)
        directory.mkdir(exist_ok=True)
        fields = ["S", *("0" for _ in range(18)), str(start), *("0" for _ in range(20))]
        (directory / "stat").write_text(f"{pid} (java) {' '.join(fields)}\n")
        (directory / "status").write_text(
            f"State:\tS\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nNSpid:\t{pid}\t1\n"
        )
        (directory / "maps").write_text(maps)
        (directory / "cmdline").write_text(cmdline.replace(" ", "\0") + "\0")
        (directory / "environ").write_text(environ.replace(" ", "\0") + "\0")
        (directory / "comm").write_text("java\n")
        (directory / "cgroup").write_text("0::/system.slice/shop.service\n")


LIBJVM = "7f00-7f01 r-xp 00000000 08:01 42 /usr/lib/jvm/17/lib/server/libjvm.so\n"
OPENJ9 = "7f00-7f01 r-xp 00000000 08:01 42 /opt/openj9/lib/default/libj9vm29.so\n" + LIBJVM


@pytest.fixture
def made_up(tmp_path):
    return MadeUpProc(tmp_path)


def test_a_process_that_maps_libjvm_is_a_jvm(made_up):
    made_up.process(5)
    made_up.process(6, LIBJVM, cmdline="java -Dheapwatch.label.team=till -cp x com.shop.Main arg")
    (found,) = Discovery(str(made_up.root)).scan()
    assert (found.pid, found.nspid, found.vm, found.name) == (6, 1, "hotspot", "com.shop.Main")
    assert found.command == "com.shop.Main arg"
    assert found.labels == {"team": "till"}
    assert found.container == "shop.service"
    assert found.started == 1_700_000_000_000 + 1000


def test_openj9_is_named(made_up):
    made_up.process(6, OPENJ9)
    (found,) = Discovery(str(made_up.root)).scan()
    assert found.vm == "openj9"


def test_a_jvm_is_known_by_pid_and_start(made_up):
    made_up.process(6, LIBJVM)
    discovery = Discovery(str(made_up.root))
    (first,) = discovery.scan()
    (again,) = discovery.scan()
    assert again is first
    made_up.process(6, LIBJVM, start=200)
    (other,) = discovery.scan()
    assert other.start_ticks == 200


def test_a_pid_that_a_jvm_left_to_another_program_is_none_any_more(made_up):
    made_up.process(6, LIBJVM)
    discovery = Discovery(str(made_up.root))
    assert discovery.scan()
    made_up.process(6, "", start=200)
    assert discovery.scan() == []


def test_what_has_only_just_begun_is_left_out_until_it_is_old_enough(made_up):
    made_up.process(6, LIBJVM, start=1)
    made_up.process(7, LIBJVM, start=2)
    ages = {1: 5.0, 2: 50.0}
    discovery = Discovery(str(made_up.root), min_age_s=30, age_of=ages.get)
    assert [found.pid for found in discovery.scan()] == [7]
    ages[1] = 31.0
    assert [found.pid for found in discovery.scan()] == [6, 7]


def test_a_library_that_is_mapped_after_the_first_look_is_seen_later(made_up):
    made_up.process(6, "", start=1)
    ages = {1: 0.5}
    discovery = Discovery(str(made_up.root), age_of=ages.get)
    assert discovery.scan() == []
    made_up.process(6, LIBJVM, start=1)
    ages[1] = 0.9
    assert discovery.scan() == [], "it was looked at too soon again: every process of a host is asked"
    ages[1] = 1.1
    assert [found.pid for found in discovery.scan()] == [6]


def test_the_configuration_names_jvms(made_up):
    made_up.process(6, LIBJVM)
    discovery = Discovery(
        str(made_up.root), name_of=lambda found: "shop" if "com.shop" in found.command else None
    )
    assert discovery.scan()[0].name == "shop"


def test_options_of_the_environment_count_and_underscore_java_options_win(made_up):
    made_up.process(
        6,
        LIBJVM,
        cmdline="java -Dheapwatch.name=line Main",
        environ="JAVA_TOOL_OPTIONS=-Dheapwatch.name=tool _JAVA_OPTIONS=-Dheapwatch.name=last",
    )
    assert Discovery(str(made_up.root)).scan()[0].name == "last"


@pytest.mark.jvm
def test_a_script_that_becomes_a_jvm_after_a_long_wait_is_found_by_the_next_thorough_scan(classes):
    """Entry points of containers wait for a database, then exec: pid and start stay the same."""
    home = home_of("21.0.8")
    waiting = subprocess.Popen(
        ["sh", "-c", f'read go; exec "{home}/bin/java" "$@"', "entry", "-cp", str(classes), "Lab"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        discovery = Discovery(age_of=lambda ticks: 3600.0)

        def is_found(thorough):
            return any(target.pid == waiting.pid for target in discovery.scan(thorough))

        assert not is_found(True)
        waiting.stdin.write("go\n")
        waiting.stdin.flush()
        assert waiting.stdout.readline() == "READY\n"
        assert not is_found(False), "a quick scan does not look at what was no JVM"
        assert is_found(True)
        assert is_found(False), "once known it stays"
    finally:
        waiting.kill()
        waiting.communicate()
