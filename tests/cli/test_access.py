"""user, token and audit: who may come in, and what was changed, on a data folder and on a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from authorities import Authority

from cli.conftest import Run, Server
from heapwatch.web.auth import Sessions, Tokens, Users

PASSWORD = "correct horse battery"


def test_a_user_is_added_listed_changed_and_removed(heapwatch: Run, inside: Run, tmp_path: Path) -> None:
    where = ("--data", str(tmp_path / "d"))
    added = heapwatch("user", "add", "ann", "--role", "operator", *where, stdin=f"{PASSWORD}\n")
    assert added.stdout == "user 'ann' is operator\n", added.stderr
    users = Users(tmp_path / "d" / "users.json")
    assert users.authenticate("ann", PASSWORD).role == "operator"
    heapwatch("user", "passwd", "ann", *where, stdin="another password\n")
    users.authenticate("ann", "another password")
    assert "sessions have ended" in inside("user", "role", "ann", "admin", *where).stdout
    Sessions(tmp_path / "d" / "sessions.json", 3600, 3600).begin("ann", "admin", "user")
    assert inside("user", "signout", "ann", *where).stdout == "'ann' was signed in 1 time, and is no more\n"
    rows = json.loads(inside("user", "list", "--json", *where).stdout)
    assert [(row["name"], row["role"]) for row in rows] == [("ann", "admin")]
    assert "hash" not in rows[0]
    inside("user", "remove", "ann", *where)
    assert "no user with a password" in inside("user", "list", *where).stdout
    shown = json.loads(inside("audit", "--json", *where).stdout)
    assert [row["what"] for row in shown] == [
        "user.add",
        "user.password",
        "user.role",
        "user.signout",
        "user.remove",
    ]
    assert {row["who"].partition(":")[0] for row in shown} == {"cli"}
    assert PASSWORD not in (tmp_path / "d" / "audit.jsonl").read_text()


@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        (("add", "ann"), "short\n", "at least 8 characters"),
        (("add", "ann"), "", "at least 8 characters"),
        (("add", "a b"), f"{PASSWORD}\n", "letters, digits"),
        (("add", "ann", "--role", "root"), f"{PASSWORD}\n", "root"),
        (("passwd", "nobody"), f"{PASSWORD}\n", "no user named 'nobody'"),
        (("signout", "nobody"), "", "nobody named 'nobody' is signed in"),
        (("add", "ann", "--password", PASSWORD), "", "--password"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    heapwatch: Run, tmp_path: Path, words: tuple[str, ...], stdin: str, says: str
) -> None:
    answer = heapwatch("user", *words, "--data", str(tmp_path / "d"), stdin=stdin)
    assert answer.returncode == 2
    assert says in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_token_is_bound_to_hosts_and_rotated(inside: Run, tmp_path: Path) -> None:
    where = ("--data", str(tmp_path / "d"))
    create = ("token", "create", "web", "--scope", "ingest", "--hosts", "web-*", "--hosts", "edge1")
    made = inside(*create, *where)
    assert "for web-*, edge1" in made.stderr
    tokens = Tokens(tmp_path / "d" / "tokens.json")
    assert tokens.authenticate(made.stdout.strip()).hosts == ("web-*", "edge1")
    file = tmp_path / "secret"
    inside("token", "rotate", "web", "--expires", "1h", "--to", str(file), *where)
    assert tokens.authenticate(file.read_text().strip()).hosts == ("web-*", "edge1")
    assert tokens.all()[0].expires
    assert "web-*, edge1" in inside("token", "list", *where).stdout
    refused = inside("token", "create", "x", "--scope", "admin", "--hosts", "web-*", *where)
    assert "its only scope is ingest" in refused.stderr


def test_an_audit_that_somebody_changed_ends_with_1_and_says_where(inside: Run, tmp_path: Path) -> None:
    where = ("--data", str(tmp_path))
    assert inside("audit", "verify", *where).stdout == f"no audit in {tmp_path}\n"
    for name in ("a", "b", "c"):
        inside("token", "create", name, *where)
    whole = inside("audit", "verify", *where)
    assert whole.returncode == 0
    assert "3 changes" in whole.stdout
    file = tmp_path / "audit.jsonl"
    file.write_text(file.read_text().replace('"target":"a"', '"target":"z"'))
    broken = inside("audit", "verify", *where)
    assert broken.returncode == 1
    assert f"{file}, line 2: entry 1, before it" in broken.stderr


def test_a_server_is_asked_for_the_same(heapwatch: Run, inside: Run, server: Server) -> None:
    secret, _ = Tokens(server.data / "tokens.json").create("me", ["admin"])
    asked = ("--server", server.url)
    token = {"HEAPWATCH_TOKEN": secret}
    added = heapwatch("user", "add", "o'neil+x", *asked, stdin=f"{PASSWORD}\n", **token)
    assert "letters, digits" in added.stderr
    heapwatch("user", "add", "ann+x@example.org", *asked, stdin=f"{PASSWORD}\n", **token)
    assert inside("user", "role", "ann+x@example.org", "admin", *asked, **token).returncode == 0
    rows = json.loads(inside("user", "list", "--json", *asked, **token).stdout)
    assert [(row["name"], row["role"]) for row in rows] == [("ann+x@example.org", "admin")]
    made = json.loads(inside("token", "create", "a/b", "--json", *asked, **token).stdout)
    assert made["scopes"] == ["read"]
    assert inside("token", "rotate", made["id"], *asked, **token).stdout.startswith("hw_")
    assert "0 times" in inside("user", "signout", "ann+x@example.org", *asked, **token).stdout
    assert inside("user", "remove", "ann+x@example.org", *asked, **token).returncode == 0
    shown = json.loads(inside("audit", "--json", "--who", "token:me", *asked, **token).stdout)
    assert [row["what"] for row in shown][:3] == ["user.add", "user.add", "user.role"]
    assert [row["outcome"] for row in shown][:3] == ["failed", "done", "done"]
    assert inside("audit", "verify", "--data", str(server.data)).returncode == 0


def test_commands_reach_a_server_that_wants_certificates(inside: Run, tmp_path: Path) -> None:
    authority, stranger = Authority(folder(tmp_path, "ours")), Authority(folder(tmp_path, "foreign"))
    served, mine, foreign = authority.issue("server"), authority.issue("me"), stranger.issue("me")
    flags = ("--tls-cert", served.cert, "--tls-key", served.key, "--tls-client-ca", authority.file)
    server = Server(tmp_path / "data", *map(str, flags))
    try:
        trusting = ("--server", server.url, "--ca-file", str(authority.file))
        shown = (*trusting, "--client-cert", str(mine.cert), "--client-key", str(mine.key))
        assert inside("status", *shown).returncode == 0
        assert inside("token", "list", *shown).returncode == 0
        for words, says in (
            (("status", "--server", server.url), "name the authority that issued it with --ca-file"),
            (("status", *trusting), "set --client-cert and --client-key"),
            (
                ("status", *trusting, "--client-cert", str(foreign.cert), "--client-key", str(foreign.key)),
                "client certificate",
            ),
            (
                ("status", *trusting, "--client-cert", "/nowhere.pem"),
                "--client-cert /nowhere.pem: No such file",
            ),
            (("status", "--server", server.url.replace("https", "http")), ""),
        ):
            refused = inside(*words)
            assert refused.returncode == 2
            assert says in refused.stderr
            assert refused.stderr.count("\n") == 1
    finally:
        assert server.stop() == 0


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made
