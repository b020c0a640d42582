"""Files of workflows: what is wrong with them is told when they are read, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from heapwatch.errors import UsageError
from heapwatch.monitor import marked
from heapwatch.workflow import definition, templates
from heapwatch.workflow.definition import Match

GOOD = """\
workflow: evidence
on: {monitor: heap, states: [critical]}
match: [{label: env, op: in, value: [prod, stage]}]
throttle: {once_within: 30m, by: [service]}
steps:
  - id: look
    do: jvm.histogram
    with: {host: "{{ labels.host }}", jvm: "{{ labels.jvm }}", options: {mode: live}}
  - {id: ask, do: approval, with: {expires: 15m}, when: "labels.env == 'prod'"}
  - {id: tell, do: command, with: {argv: [echo, "{{ steps.look.output.text }}"]}, timeout: 10s}
"""


def read(text: str) -> definition.Workflow:
    return definition.read(marked.parse(text, "w.yml"))


def test_a_good_file_is_read_with_its_spans_and_defaults():
    one = read(GOOD)
    assert [each.id for each in one.steps] == ["look", "ask", "tell"]
    assert (one.steps[2].timeout, one.throttle.once_within) == (10_000, 1_800_000)
    assert (one.acts, one.destructive, one.limits.on_full) == (True, "approval", "queue")


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("do: jvm.histogram", "do: jvm.histo", "w.yml:7:5: steps[0].do: there is no step 'jvm.histo'"),
        ("id: ask", "id: look", "w.yml:9:6: steps[1].id: 'look' stands twice"),
        ("timeout: 10s", "time_out: 10s", "w.yml:10:83: steps[2].time_out: this key is not known here"),
        ("expires: 15m", "expires: soon", "w.yml:9:36: steps[1].with.expires: 'soon' is not a span"),
        ("expires: 15m", "expire: 15m", "w.yml:9:36: steps[1].with.expire: approval does not know this"),
        ("labels.host }}", "labels.host }", "w.yml:8:12: steps[0].with.host: "),
        (
            "labels.host",
            "tags.host",
            "'tags' is not known; there are labels, run, secret, steps, trigger",
        ),
        ("steps.look", "steps.lock", "no step before this one is called 'lock'"),
        ("labels.env == 'prod'", "labels.env ==", "w.yml:9:51: steps[1].when: "),
        ("on: {monitor: heap, states: [critical]}", "on: {cron: '61 * * * *'}", "is no line of cron"),
        (
            "states: [critical]",
            "every: 5m",
            "give one of monitor, every, cron, webhook, leak, collection_failed, log, manual; not",
        ),
        ("{once_within: 30m", "{once_within: 30m, once_after: 1m", "give once_within or once_after"),
        ("{once_within: 30m", "{at_least: {count: 1, within: 5m}", "throttle.at_least.count: "),
        ("{monitor: heap, states: [critical]}", "{log: 'a | b | ('}", "w.yml:2:6: on.log: "),
        ("states: [critical]", "look: 5m", "look is of a log"),
        ("timeout: 10s", "on_fail: [undo, notify]", "tells whom? Give notify: [RECEIVER, ...]"),
        ("value: [prod, stage]", "value: prod", "w.yml:3:9: match[0]: in takes a list"),
        ("workflow: evidence", "workflow: evidence\nworkflow: b", "w.yml:2:1: 'workflow' stands twice"),
    ],
)
def test_a_fault_is_told_with_its_place(was, now, told):
    assert was in GOOD
    with pytest.raises(UsageError) as caught:
        read(GOOD.replace(was, now, 1))
    assert told in str(caught.value)


DUMP = """\
workflow: dump
on: manual
steps:
  - {id: ask, do: approval}
  - {id: look, do: jvm.heap_info, with: {host: h, jvm: a}}
  - id: dump
    do: jvm.heap_dump
    with: {host: "{{ labels.host }}", jvm: a, options: {approved_by: "{{ steps.ask.output.by }}", gz: true}}
"""


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("{{ steps.ask.output.by }}", "me"),
        ("{{ steps.ask.output.by }}", "{{ steps.look.output.by }}"),
        ('approved_by: "{{ steps.ask.output.by }}", ', ""),
    ],
)
def test_a_heap_dump_is_allowed_by_somebody_who_was_asked(was, now):
    assert read(DUMP).acts
    with pytest.raises(UsageError, match=r"w\.yml:8:5: steps\[2\]\.with: .*so somebody allows it"):
        read(DUMP.replace(was, now))


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("gz: true", "gzip: true", "heap_dump has no option 'gzip'"),
        ("gz: true", "gz: maybe", "heap_dump: gz cannot be 'maybe'"),
        ("jvm: a}}", "{}}}", "give jvm or pid"),
    ],
)
def test_options_of_an_operation_are_known_when_the_file_is_read(was, now, told):
    with pytest.raises(UsageError, match=told):
        read(DUMP.replace(was, now.replace("{}}}", "options: {}}}")))


def test_what_only_reads_is_not_destructive():
    step = "workflow: w\non: manual\nsteps: [{id: a, do: http, with: {url: 'http://a/', method: %s}}]"
    assert [read(step % method).acts for method in ("GET", "POST", "HEAD")] == [False, True, False]


def test_two_files_with_one_name_are_a_fault():
    with pytest.raises(
        UsageError, match=r"b\.yml:1:1: workflow: 'evidence' stands twice; the first is in a\.yml"
    ):
        definition.combined([marked.parse(GOOD, "a.yml"), marked.parse(GOOD, "b.yml")])


@pytest.mark.parametrize(
    ("match", "labels", "so"),
    [
        ({"label": "a", "value": "x"}, {"a": "x"}, True),
        ({"label": "a", "value": "x"}, {}, False),
        ({"label": "a", "op": "ne", "value": "x"}, {}, True),
        ({"label": "a", "op": "not_in", "value": ["x"]}, {"a": "x"}, False),
        ({"label": "a", "op": "re", "value": "^web"}, {"a": "web1"}, True),
        ({"label": "a", "op": "not_re", "value": "^web"}, {"a": "web1"}, False),
    ],
)
def test_labels_are_matched(match, labels, so):
    assert Match.model_validate(match)(labels) is so


def test_a_secret_is_a_reference_until_it_is_used_and_hidden_in_what_comes_back(monkeypatch):
    monkeypatch.setenv("PAGER_KEY", "s3cr3t-word")
    shown = templates.render({"argv": ["curl", "{{ secret('env:PAGER_KEY') }}"]}, {})
    assert "s3cr3t-word" not in str(shown)
    used, secrets = templates.revealed(shown)
    assert used == {"argv": ["curl", "s3cr3t-word"]}
    assert templates.redacted({"text": "was s3cr3t-word"}, secrets) == {"text": "was ***"}


@pytest.mark.parametrize(
    "text", ["{{ labels.__class__.__mro__ }}", "{{ labels.missing }}", "{{ 'x' * 70000 }}", "{{ 1 / 0 }}"]
)
def test_a_template_reaches_nothing_but_what_it_is_given(text):
    with pytest.raises(UsageError):
        templates.render(text, {"labels": {}})


def test_a_label_is_never_read_as_a_template():
    assert templates.render("{{ labels.a }}", {"labels": {"a": "{{ 7 * 7 }}"}}) == "{{ 7 * 7 }}"


def test_the_shipped_workflows_are_without_a_fault():
    book = definition.load(Path(__file__).parents[2] / "examples" / "workflows")
    assert {name: one.acts for name, one in book.workflows.items()} == {
        "canary": True,
        "evidence": False,
        "periodic-collection": True,
        "restart-leaking-replica": True,
    }


def test_a_workflow_cannot_begin_itself_without_end():
    text = "workflow: again\non: collection_failed\nsteps: [{id: a, do: collect}]"
    with pytest.raises(UsageError, match="would begin it again: give throttle"):
        read(text)
    assert read(text + "\nthrottle: {once_after: 5m}").throttle.once_after == 300_000


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ({"log": "OutOfMemoryError"}, "log OutOfMemoryError"),
        ("collection_failed", "a host cannot be collected from"),
        ({"monitor": "heap", "states": ["warning", "critical"]}, "monitor heap becomes warning or critical"),
        ({"leak": ["suspect"]}, "a leak is suspect"),
        ({"every": "5m"}, "every 300 s"),
        ("webhook", "a webhook"),
        ("manual", "by hand"),
    ],
)
def test_what_begins_a_run_is_said_in_words(on, said):
    assert definition.On.model_validate(on).sentence == said
