"""What our visits cost the application, as the application itself feels it, and how to make it little."""

import socket
import statistics
import threading

import pytest

from heapwatch.jvm import perfdata, sample
from heapwatch.jvm.attach import Attachment, _v1, _v2
from heapwatch.jvm.counters import safepoint_ms
from heapwatch.jvm.histogram import Parser
from jvms.fixtures import home_of, target_of

pytestmark = pytest.mark.jvm


@pytest.mark.parametrize("version", ["11.0.2", "17.0.9", "25.0.2"])
def test_the_pause_is_what_an_application_thread_feels(java, version):
    """Other jobs on the machine lengthen what the thread feels, never what the VM counts: the best of ten."""
    program = java(home_of(version), "Lab", "-XX:+UseSerialGC", "-Xmx256m")
    program.tell("hold 2000000")
    program.tell("gc")
    program.tell("meter")
    target = target_of(program.pid)
    attachment, errors = Attachment(target), []
    with perfdata.open_for(target) as counters:
        sample.take(target, perfdata=counters, attachment=attachment)
        for _ in range(10):
            program.tell("gap")
            pause = sample.take(target, perfdata=counters, attachment=attachment).pause
            felt = int(program.tell("gap")) / 1000
            if felt:  # a busy machine may not let the thread look at its clock at all in between
                errors.append(abs(felt - pause) / felt)
    assert errors
    assert min(errors) < 0.2, errors


class WhileItCollects(Attachment):
    """Asks while the application collects by itself, five times."""

    program = None

    def histogram_text(self, *arguments):
        for _ in range(5):
            self.program.tell("gc")
        return super().histogram_text(*arguments)


@pytest.mark.parametrize("collector", ["Serial", "Parallel", "G1"])
def test_its_own_collections_are_not_charged_to_our_visit(java, collector):
    """A dying heap collects all the time: that must not use up the budget of whoever comes after it."""
    program = java(home_of("21.0.8"), "Lab", f"-XX:+Use{collector}GC", "-Xmx256m")
    program.tell("hold 2000000")
    target = target_of(program.pid)
    attachment = WhileItCollects(target)
    attachment.program = program
    shares = []
    with perfdata.open_for(target) as counters:
        for _ in range(3):
            stood = safepoint_ms(counters.sample())
            pause = sample.take(target, perfdata=counters, attachment=attachment).pause
            shares.append(pause / (safepoint_ms(counters.sample()) - stood))
    assert 0 < min(shares) < 0.5, shares


def stalled(program, request, release):
    """What an application thread feels while a client has asked and does not read. In ms."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"/tmp/.java_pid{program.pid}")
        program.tell("gap")
        client.sendall(request)
        release.wait(1.5)
        while client.recv(1 << 16):
            pass
    return int(program.tell("gap")) / 1000


def test_a_client_that_does_not_read_stops_jdk_25_only_if_it_lets_the_vm_stream(java):
    """Why every request of ours says streaming=0: the VM prints inside the safepoint."""
    program = java(home_of("25.0.2"), "Lab", "-XX:+UseSerialGC")
    program.tell("many 3000")
    program.tell("meter")
    attachment = Attachment(target_of(program.pid))
    attachment.execute("properties")
    assert attachment._protocol == "2 streaming"
    never = threading.Event()
    streaming = stalled(program, _v1("inspectheap", ["-all"]), never)
    ours = stalled(program, _v2("inspectheap streaming=0", ["-all"]), never)
    assert streaming > 1400
    assert ours < streaming / 2


def test_our_requests_to_jdk_25_say_that_it_must_not_stream(java, monkeypatch):
    program = java(home_of("25.0.2"))
    attachment = Attachment(target_of(program.pid))
    sent = []
    converse = Attachment._converse
    monkeypatch.setattr(
        Attachment,
        "_converse",
        lambda self, link, data, end: sent.append(data) or converse(self, link, data, end),
    )
    attachment.histogram_text()
    attachment.jcmd("VM.version")
    assert [b"streaming=0" in data for data in sent] == [False, True, True]
    assert sent[0] == b"1\0getversion\0options\0\0\0"


@pytest.mark.parametrize("version", ["17.0.9", "25.0.2"])
def test_histograms_right_after_a_collection_scatter_far_less_than_those_at_any_moment(java, version):
    program = java(home_of(version), "Lab", "-XX:+UseSerialGC", "-Xmn16m", "-Xmx96m")
    program.tell("hold 100000")
    program.tell("gc")
    program.tell("churn 40")
    target = target_of(program.pid)
    attachment, parser = Attachment(target), Parser()
    turn = threading.Event()
    with perfdata.open_for(target) as counters:

        def total():
            return sample.take(target, "all", parser, counters, attachment=attachment).histogram.total_bytes

        def after_collection():
            watch = perfdata.CollectionWatch()
            while not watch.observe(counters.plan, counters.sample()):
                turn.wait(0.005)
            return total()

        after = [after_collection() for _ in range(10)]
        at_any_moment = []
        for moment in range(10):
            after_collection()
            turn.wait(0.033 * moment)  # the garbage of 0 to 300 ms
            at_any_moment.append(total())
    program.tell("churn 0")
    spread = statistics.pstdev(at_any_moment) / max(statistics.median(deviations(after)), 1)
    assert spread > 4, (after, at_any_moment)


def deviations(totals):
    middle = statistics.median(totals)
    return [abs(total - middle) for total in totals]
