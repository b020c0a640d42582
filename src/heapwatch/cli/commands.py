"""The one table of commands. A command's module is imported only when it is the one that runs.

`summary` is what `heapwatch --help` shows; it is also the first line of the command's own docstring (a
test compares them), so that the list of commands needs no import of them.
"""

from __future__ import annotations

from typing import NamedTuple

MACHINE = "This machine, without a server"
SERVER = "Run it"
ASK = "Ask a server"
FLEET = "Many hosts, by SSH"
DATA = "Move data"
UPKEEP = "Upkeep"

GROUPS = (MACHINE, SERVER, FLEET, ASK, DATA, UPKEEP)


class Command(NamedTuple):
    name: str
    where: str  # "module:function" in this room, or "module:app" when it has commands of its own
    summary: str
    group: str


COMMANDS = (
    Command("ps", "ps:ps", "List the JVMs of this machine.", MACHINE),
    Command("histo", "histo:histo", "Print the classes that take most of a heap.", MACHINE),
    Command("top", "top:top", "Watch the classes of a heap live, and what grows.", MACHINE),
    Command("diff", "diff:diff", "Print what grew between two histograms.", MACHINE),
    Command("diagnose", "diagnose:diagnose", "Find out what grows in a JVM, and who holds it.", MACHINE),
    Command("jfr", "offline:jfr", "Print who holds what stays, by a flight recording.", MACHINE),
    Command("hprof", "offline:dump", "Print the classes of a heap dump, and who holds one.", MACHINE),
    Command(
        "watch",
        "watch:watch",
        "Print histograms again and again for other programs.",
        MACHINE,
    ),
    Command(
        "leaks", "leaks:leaks", "Say which classes leak: on the server, or in histograms on file.", MACHINE
    ),
    Command("verify", "verify:verify", "Say whether a fix works, by what was before it and after.", MACHINE),
    Command(
        "report",
        "report:report",
        "Write a page about leaks, for a ticket: of the server, or of histograms on file.",
        MACHINE,
    ),
    Command("check", "check:check", "Fail when something leaks in histograms of a test run.", MACHINE),
    Command("up", "up:up", "Supervise this machine: server and agent in one go.", SERVER),
    Command("serve", "serve:serve", "Run the server: store, API and screens.", SERVER),
    Command("agent", "agent:agent", "Run or inspect the agent of this machine.", SERVER),
    Command("collect", "collect:collect", "Take histograms of many hosts by SSH.", FLEET),
    Command("hosts", "hosts:hosts", "List the hosts of an inventory, and who answers.", FLEET),
    Command("demo", "demo:app", "Show a leak growing on three real JVMs.", SERVER),
    Command("jvms", "jvms:jvms", "List the JVMs a server knows, and how they grow.", ASK),
    Command("totals", "totals:totals", "Show the heap's total by time.", ASK),
    Command("classes", "classes:classes", "Show the classes of one JVM, or their change.", ASK),
    Command("class", "history:history", "Show one class by time, on every JVM.", ASK),
    Command("metric", "metric:metric", "Show a metric by time, or list the metrics.", ASK),
    Command("query", "query:query", "Ask in the metric language, or at a prompt.", ASK),
    Command("logs", "logs:logs", "Search log messages, or follow them.", ASK),
    Command("snapshots", "snapshots:snapshots", "List the stored histograms.", ASK),
    Command("events", "events:events", "List starts, exits, deploys and other events.", ASK),
    Command(
        "correlate",
        "correlate:correlate",
        "Show what logs said that they had not said before.",
        ASK,
    ),
    Command(
        "monitor",
        "monitor:app",
        "Show what monitors say, try them on the past, and silence them.",
        ASK,
    ),
    Command("status", "status:status", "Show how the server, its doors and agents are.", ASK),
    Command("doors", "doors:doors", "Show what arrives by which door, and what is refused and why.", ASK),
    Command("dashboard", "dashboard:app", "List, read, store and delete dashboards.", DATA),
    Command("import", "imports:imports", "Store histogram files of any JDK, GC logs and other logs.", DATA),
    Command("export", "export:export", "Write stored histograms, or log messages, to a file.", DATA),
    Command("backup", "backup:backup", "Copy a store to a new folder.", DATA),
    Command("restore", "restore:restore", "Make a store from a backup.", DATA),
    Command("token", "token:app", "Make, list, rotate and revoke API tokens.", UPKEEP),
    Command("user", "user:app", "Add, list and remove users who sign in with a password.", UPKEEP),
    Command("audit", "audit:app", "Show what was changed, by whom, and whether the record holds.", UPKEEP),
    Command("config", "config:app", "Show every setting and where it comes from.", UPKEEP),
    Command("test", "trial:app", "Check queries and monitors against data and answers in files.", UPKEEP),
    Command("workflow", "workflow:app", "Check workflows, begin runs of them, and stop them all.", UPKEEP),
    Command("runs", "runs:app", "Show runs of workflows, stop them, and undo what they did.", UPKEEP),
    Command("approve", "runs:approve", "Say yes to what a run of a workflow asks.", UPKEEP),
    Command("deny", "runs:deny", "Say no to what a run of a workflow asks; it ends.", UPKEEP),
    Command("doctor", "doctor:doctor", "Say what works here, what not, and what to do.", UPKEEP),
    Command(
        "support-bundle",
        "support:support",
        "Pack what a maintainer needs to see.",
        UPKEEP,
    ),
    Command("completion", "completion:completion", "Print the completion script of a shell.", UPKEEP),
)
