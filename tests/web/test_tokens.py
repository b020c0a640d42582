"""Tokens: made once, shown once, kept as hashes, and refused from the moment they end."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from heapwatch.errors import UsageError
from heapwatch.web.auth import Damaged, Tokens, Unauthenticated


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tokens.json"


@pytest.fixture
def tokens(file: Path, clock: Clock) -> Tokens:
    return Tokens(file, clock)


def test_a_token_lets_its_holder_do_what_its_scopes_say(tokens: Tokens) -> None:
    secret, token = tokens.create("web1's agent", ["ingest"])
    caller = tokens.authenticate(secret)
    assert (caller.name, caller.token_id) == ("web1's agent", token.id)
    assert caller.may("ingest")
    assert not caller.may("read")
    assert not caller.may("admin")


def test_admin_may_do_everything(tokens: Tokens) -> None:
    secret, _ = tokens.create("me", ["admin"])
    assert all(tokens.authenticate(secret).may(scope) for scope in ("ingest", "read", "admin"))


def test_the_file_holds_no_secret_and_is_for_its_owner_only(tokens: Tokens, file: Path) -> None:
    secret, _ = tokens.create("me", ["read"])
    assert secret.startswith("hw_")
    assert len(secret) >= 46
    assert secret not in file.read_text()
    assert secret[3:] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir() if path.name.endswith(".new")] == []


@pytest.mark.parametrize("wrong", ["", "hw_", "hw_nonsense", "HW_", "\udcff", "x" * 100_000])
def test_any_other_secret_is_refused(tokens: Tokens, wrong: str) -> None:
    tokens.create("me", ["read"])
    with pytest.raises(Unauthenticated):
        tokens.authenticate(wrong)


def test_a_revoked_token_is_refused_at_once_and_by_every_server(tokens: Tokens, file: Path) -> None:
    elsewhere = Tokens(file)
    secret, token = tokens.create("me", ["read"])
    assert elsewhere.authenticate(secret).name == "me"
    tokens.revoke(token.id)
    for each in (tokens, elsewhere):
        with pytest.raises(Unauthenticated):
            each.authenticate(secret)


def test_an_expired_token_is_refused_by_name(tokens: Tokens, clock: Clock) -> None:
    secret, _ = tokens.create("trial", ["read"], expires=1_500_000)
    tokens.authenticate(secret)
    clock.now = 1500.0
    with pytest.raises(Unauthenticated, match="'trial' has expired"):
        tokens.authenticate(secret)


def test_the_last_use_is_known_at_once_and_written_now_and_then(
    tokens: Tokens, file: Path, clock: Clock
) -> None:
    secret, _ = tokens.create("me", ["read"])
    clock.now = 2000.0
    tokens.authenticate(secret)
    assert tokens.all()[0].last_used == 2_000_000
    assert json.loads(file.read_text())["tokens"][0]["last_used"] is None
    tokens.flush()
    assert json.loads(file.read_text())["tokens"][0]["last_used"] == 2_000_000
    clock.now = 2030.0
    tokens.authenticate(secret)
    before = file.stat().st_mtime_ns
    tokens.flush()
    assert file.stat().st_mtime_ns == before


def test_writing_the_last_use_does_not_bring_back_a_token_revoked_elsewhere(
    tokens: Tokens, file: Path
) -> None:
    secret, token = tokens.create("old", ["read"])
    tokens.create("new", ["read"])
    tokens.authenticate(secret)
    Tokens(file).revoke(token.id)
    tokens.flush()
    assert [token.name for token in Tokens(file).all()] == ["new"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tokens": [{"id": 1}]}', '{"tokens": 7}'])
def test_a_damaged_file_lets_nobody_in(tokens: Tokens, file: Path, text: str) -> None:
    secret, _ = tokens.create("me", ["read"])
    file.write_text(text)
    with pytest.raises(Damaged, match=r"tokens\.json is damaged"):
        tokens.authenticate(secret)
    with pytest.raises(Damaged):
        tokens.all()


def test_names_are_unique_and_scopes_are_known(tokens: Tokens) -> None:
    tokens.create("me", ["read"])
    with pytest.raises(UsageError, match="named 'me' already"):
        tokens.create("me", ["read"])
    with pytest.raises(UsageError, match="scopes are ingest, read, act, admin; not write"):
        tokens.create("you", ["write"])
    with pytest.raises(UsageError, match="scopes are"):
        tokens.create("you", [])
    with pytest.raises(UsageError, match="needs a name"):
        tokens.create(" ", ["read"])
    with pytest.raises(UsageError, match="no token has the name or id 'x'"):
        tokens.revoke("x")


def _make(file: Path, number: int) -> None:
    Tokens(file).create(f"t{number}", ["read"])


def test_processes_that_make_tokens_at_once_lose_none(file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_make, args=(file, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(token.name for token in Tokens(file).all()) == ["t0", "t1", "t2"]
