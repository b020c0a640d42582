"""Steps against what they are for: an HTTP server on loopback, a shell by SSH, a playbook, a JVM."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import structlog
from sshd import sshd

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.workflow.hands import FleetHands
from heapwatch.workflow.steps import STEPS
from heapwatch.workflow.steps.base import Job, StepFailed, Stopped, TimedOut
from jvms import provision
from jvms.fixtures import Program, classes, home_of, missing, starter  # noqa: F401


def do(name, given, job=None, seconds=20.0):
    step = STEPS[name]
    return step.perform(step.parameters.model_validate(given), job or Job(seconds))


def described(name, given):
    return STEPS[name].describe(STEPS[name].parameters.model_validate(given))


# -- http ---------------------------------------------------------------------------------------------------


class Deploy(BaseHTTPRequestHandler):
    def _answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        if self.path == "/away":
            self.send_response(302)
            self.send_header("location", "/elsewhere")
            self.end_headers()
            return
        if self.path == "/silent":
            self.server.released.wait(20)
            return
        found = json.dumps({"accepted": True}).encode()
        self.send_response(500 if self.path == "/broken" else 202)
        self.send_header("content-length", str(len(found)))
        self.end_headers()
        self.wfile.write(found)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def deploy():
    made = HTTPServer(("127.0.0.1", 0), Deploy)
    made.seen, made.released = [], threading.Event()
    made.url = f"http://127.0.0.1:{made.server_port}"
    serving = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    yield made
    made.released.set()
    made.shutdown()
    serving.join()
    made.server_close()


def test_http_sends_json_and_reads_json(deploy):
    given = {"url": f"{deploy.url}/hook", "method": "POST", "headers": {"X-Key": "k"}, "json": {"a": 1}}
    found = do("http", given)
    assert found == {"status": 202, "text": '{"accepted": true}', "json": {"accepted": True}}
    command, path, headers, body = deploy.seen[-1]
    assert (command, path, headers["X-Key"], json.loads(body)) == ("POST", "/hook", "k", {"a": 1})


@pytest.mark.parametrize(
    ("path", "told"), [("/broken", "the answer is 500, not 200"), ("/away", "the answer is 302, not 200")]
)
def test_http_fails_by_what_is_answered_and_follows_nobody(deploy, path, told):
    with pytest.raises(StepFailed, match=told):
        do("http", {"url": deploy.url + path, "expect": [200]})
    assert deploy.seen[-1][1] == path


def test_http_that_nobody_answers_ends_in_time(deploy):
    with pytest.raises(TimedOut, match="no answer within"):
        do("http", {"url": f"{deploy.url}/silent"}, seconds=0.2)
    deploy.released.set()
    with pytest.raises(StepFailed, match=r"GET http://127\.0\.0\.1:1/x: "):
        do("http", {"url": "http://127.0.0.1:1/x"})


def test_http_is_told_without_what_may_be_secret():
    told = described("http", {"url": "https://me:pass@deploy.example/hook?key=s3cret", "method": "DELETE"})
    assert told == "DELETE https://deploy.example/hook"


# -- ansible, ssh -------------------------------------------------------------------------------------------

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {content: "{{ word }}", dest: "{{ target }}"}
"""


def test_a_playbook_is_played_with_variables_and_a_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    (tmp_path / "restart.yml").write_text(PLAYBOOK)
    given = {
        "playbook": "restart.yml",
        "inventory": "one,two,",
        "limit": "two",
        "connection": "local",
        "folder": str(tmp_path),
        "vars": {"word": "$(id)", "target": str(tmp_path / "done")},
        "env": {"ANSIBLE_HOME": str(tmp_path), "ANSIBLE_PYTHON_INTERPRETER": sys.executable},
    }
    assert described("ansible.playbook", given) == "play restart.yml on two with word, target"
    found = do("ansible.playbook", given, seconds=50)
    assert (found["code"], (tmp_path / "done").read_text()) == (0, "$(id)")
    assert "two" in found["text"]
    assert "one" not in found["text"].partition("PLAY RECAP")[2]


def test_a_playbook_or_a_tool_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    with pytest.raises(UsageError, match=r"there is no playbook .*/none\.yml"):
        do("ansible.playbook", {"playbook": "none.yml", "folder": str(tmp_path)})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no ansible-playbook on the server's PATH: pip install"):
        do("ansible.playbook", {"playbook": "none.yml"})
    step = STEPS["ansible.playbook"]
    assert step.harmless({"check": True})
    assert not step.harmless({"check": "{{ labels.check }}"})


@pytest.fixture(scope="module")
def hands(tmp_path_factory):
    if shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin") is None:
        missing("sshd (openssh-server)")
    folder = tmp_path_factory.mktemp("hands")
    inventory = folder / "hosts.toml"
    with sshd(folder) as server:
        (folder / "known_hosts").write_text(server.known_hosts("127.0.0.1"))
        (folder / "config").write_text(
            f"Host *\n IdentityFile {server.key}\n IdentityAgent none\n"
            f" UserKnownHostsFile {folder / 'known_hosts'}\n"
        )
        inventory.write_text(_host("far", server.port, server.user) + _host("dead", 1, server.user))
        made = FleetHands(inventory, ssh_config=folder / "config")
        made.inventory = inventory
        made.far = server.process.pid
        yield made
        made.close()


def _host(name, port, user):
    return f'[[hosts]]\nname = "{name}"\naddress = "127.0.0.1"\nport = {port}\nuser = "{user}"\n'


def test_a_command_by_ssh_says_its_code_and_no_shell_reads_a_label(hands):
    job = Job(20, hands)
    found = do("ssh.command", {"host": "far", "argv": ["echo", "$(id); `id`"]}, job)
    assert found == {"code": 0, "text": "$(id); `id`\n", "errors": ""}
    with pytest.raises(StepFailed, match=r"ls on far ended with code 2: .*no-such") as caught:
        do("ssh.command", {"host": "far", "argv": ["ls", "/no-such"]}, job)
    assert caught.value.output["code"] == 2
    with pytest.raises(HeapwatchError, match="dead: unreachable"):
        do("ssh.command", {"host": "dead", "argv": ["true"]}, job)
    with pytest.raises(TimedOut, match="far: no end within"):
        do("ssh.command", {"host": "far", "argv": ["sleep", "30"]}, Job(0.5, hands))


def test_a_collection_from_no_host_at_all_is_a_failure_that_templates_can_look_at():
    with pytest.raises(StepFailed, match="the inventory has no hosts") as caught:
        do("collect", {}, Job(5, FleetHands(None)))
    assert (caught.value.output["failed"], caught.value.output["text"]) == ([], "")


def test_collect_names_the_hosts_that_failed_and_an_inventory_is_read_anew(hands):
    job = Job(30, hands)
    with pytest.raises(StepFailed, match="1 of 1 hosts failed: dead: unreachable") as caught:
        do("collect", {"hosts": "dead"}, job)
    assert (caught.value.output["failed"], caught.value.output["jvms"]) == (["dead"], 0)
    assert do("collect", {"hosts": "dead", "allow_failed": 1}, job)["failed"] == ["dead"]
    with pytest.raises(UsageError, match="no host"):
        do("collect", {"hosts": "new"}, job)
    hands.inventory.write_text(hands.inventory.read_text() + _host("new", 1, "nobody"))
    assert do("collect", {"hosts": "new", "allow_failed": 1}, job)["failed"] == ["new"]


def test_what_was_stopped_reaches_nobody(hands):
    job = Job(20, hands)
    job.stop.set()
    with pytest.raises(Stopped):
        do("ssh.command", {"host": "far", "argv": ["true"]}, job)


@pytest.mark.parametrize("host", ["far", "localhost"])
def test_a_command_that_is_stopped_ends_on_its_host_with_all_that_it_started(hands, tmp_path, host):
    begun = tmp_path / "begun"
    script = f"sleep 60 & echo $$ $! > {begun}.new; mv {begun}.new {begun}; wait; true"
    stopped(hands, "ssh.command", {"host": host, "argv": ["sh", "-c", script]}, begun.exists)
    for pid in begun.read_text().split():
        until(lambda pid=pid: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize(
    ("name", "given"),
    [("jvm.thread_dump", {"host": "far", "jvm": "flow-shop"}), ("collect", {"hosts": "far"})],
)
def test_a_probe_that_waits_for_a_jvm_ends_when_it_is_stopped(hands, jvm, name, given):
    os.kill(jvm.pid, signal.SIGSTOP)
    try:
        seen = []
        stopped(hands, name, given, lambda: seen.extend(probes(hands.far)) or seen)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in seen))
    finally:
        os.kill(jvm.pid, signal.SIGCONT)


def stopped(hands, name, given, so):
    """Stop a step once something is so."""
    job = Job(60, hands)
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(do, name, given, job)
        until(so)
        job.stop.set()
        with pytest.raises(Stopped, match="stopped while it ran: what was under way there was told to end"):
            running.result()


def probes(far):
    """The probes that this sshd runs, by what it gives to Python; sh has the same words."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().split(b"\0")
            python = b"-c" in words and b"memfd_create" in b"".join(words) and b"python" in words[0]
            if python and far in parents(place.parent):
                found.append(place.parent.name)
    return found


def parents(process):
    """The process, whose child it is, and so on."""
    while (pid := int(process.name)) > 1:
        yield pid
        above = (process / "stat").read_text().rpartition(")")[2].split()[1]
        process = process.with_name(above)


def until(so):
    deadline = time.monotonic() + 30
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- notify, log, verify ------------------------------------------------------------------------------------


class Proofs:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def verified(self, *asked):
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def proof(verdict, *new):
    return {"proofs": [{"class": "shop.Order", "verdict": verdict, "sentence": "s"}], "new": list(new)}


def test_verify_fails_by_what_still_leaks_and_by_what_leaks_anew():
    given = {"service": "shop", "before": "1.0", "after": "1.1"}
    good = Proofs(proof("fixed"))
    assert do("verify", given, Job(5, proofs=good))["proofs"][0]["class"] == "shop.Order"
    assert good.asked == [("shop", "1.0", "1.1", [])]
    with pytest.raises(StepFailed, match=r"shop\.Order: leaks; shop\.Cart: new leak"):
        do("verify", given, Job(5, proofs=Proofs(proof("leaks", "shop.Cart"))))
    with pytest.raises(StepFailed, match=r"shop\.Order: leaks, for 0\.05 s"):
        do("verify", given | {"within": "50ms"}, Job(5, proofs=Proofs(*[proof("leaks")] * 2)))


@pytest.mark.parametrize(
    ("answer", "still"),
    [
        (proof("not fixed", "shop.Cart"), ["shop.Order", "shop.Cart"]),
        (proof("partly fixed"), ["shop.Order"]),
        (proof("not enough data"), []),
        (HeapwatchError("after: shop has no histograms of version '1.1'"), []),
    ],
)
def test_verify_tells_what_leaks_for_certain_from_what_is_not_proved(answer, still):
    given = {"service": "shop", "before": "1.0", "after": "1.1"}
    with pytest.raises(StepFailed) as caught:
        do("verify", given, Job(5, proofs=Proofs(answer)))
    assert caught.value.output["still"] == still


def test_verify_waits_for_histograms_of_what_was_just_deployed(monkeypatch):
    monkeypatch.setattr("heapwatch.workflow.steps.verify.AGAIN_S", 0.001)
    proofs = Proofs(HeapwatchError("no histograms of version '1.1'"), proof("fixed"))
    given = {"service": "shop", "before": "1.0", "after": "1.1", "within": "60s"}
    assert do("verify", given, Job(60, proofs=proofs))["still"] == []
    assert len(proofs.asked) == 2


def test_log_writes_a_line():
    with structlog.testing.capture_logs() as lines:
        do("log", {"text": "3 of 3 hosts", "level": "warning", "fields": {"round": "7"}})
    assert [(each["log_level"], each["text"], each["fields"]) for each in lines] == [
        ("warning", "3 of 3 hosts", {"round": "7"})
    ]


# -- JVMs ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jvm(request):
    started: list[Program] = []
    java = starter(request.getfixturevalue("classes"), started)
    yield java(home_of(provision.VERSIONS[-1]), "Lab", "-XX:+UseSerialGC", "-Dheapwatch.name=flow-shop")
    for program in started:
        program.stop()


def test_operations_on_a_jvm_of_this_machine(jvm, tmp_path):
    hands = FleetHands(None)
    try:
        found = do("jvm.gc", {"host": "localhost", "pid": str(jvm.pid)}, Job(30, hands))
        assert (found["operation"], found["pid"]) == ("gc", jvm.pid)
        given = {
            "host": "localhost",
            "jvm": "flow-shop",
            "options": {"path": str(tmp_path / "a.hprof"), "approved_by": "user:ann"},
        }
        found = do("jvm.heap_dump", given, Job(60, hands))
        assert found["approved_by"] == "user:ann"
        assert found["path"] == str(tmp_path / "a.hprof")
        assert (tmp_path / "a.hprof").stat().st_size == found["bytes"]
        with pytest.raises(UsageError, match="'elsewhere' is no host of the inventory"):
            do("jvm.gc", given | {"host": "elsewhere", "options": {}}, Job(30, hands))
    finally:
        hands.close()


def test_a_heap_dump_answers_who_holds_the_suspect_and_is_gone(jvm, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    jvm.tell("hold 1000")
    hands = FleetHands(None)
    given = {
        "host": "localhost",
        "pid": jvm.pid,
        "suspect": "Lab$Node",
        "options": {"approved_by": "user:ann"},
    }
    try:
        found = do("jvm.heap_dump", given, Job(60, hands))
        with pytest.raises(StepFailed, match="no object of class"):
            do("jvm.heap_dump", {**given, "suspect": "no.Such"}, Job(60, hands))
        with pytest.raises(HeapwatchError, match="somebody has to allow it"):
            do("jvm.heap_dump", {**given, "options": {}}, Job(60, hands))
    finally:
        hands.close()
    assert found["suspects"] == 1000
    assert [step["holder"] for step in found["ways"][0]["chain"]][:2] == ["Lab", "java.util.ArrayList"]
    assert found["classes"][0]["bytes"] > 0
    assert "path" not in found
    assert list(tmp_path.iterdir()) == []
    said = described(
        "jvm.heap_dump", {"host": "h", "pid": 7, "suspect": "a.B", "options": {"approved_by": "x"}}
    )
    assert said == "heap_dump on 7 of h, searched for a.B, deleted once it is read"
