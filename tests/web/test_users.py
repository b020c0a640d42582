"""Users and their sessions, on file: kept as hashes, ended by time and by changes, whoever makes them."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from heapwatch.errors import UsageError
from heapwatch.web.access import Access
from heapwatch.web.auth import Damaged, Sessions, Unauthenticated, Users, passwords
from heapwatch.web.people import people
from heapwatch.web.settings import load

PASSWORD = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def users(tmp_path: Path, clock: Clock) -> Users:
    return Users(tmp_path / "data" / "users.json", clock)


@pytest.fixture
def sessions(tmp_path: Path, clock: Clock) -> Sessions:
    return Sessions(tmp_path / "data" / "sessions.json", idle=600, longest=3600, clock=clock)


class TestUsers:
    def test_a_user_is_known_by_name_and_password(self, users: Users) -> None:
        users.add("ann", "operator", PASSWORD)
        assert users.authenticate("ann", PASSWORD).role == "operator"
        assert users.authenticate("ANN", PASSWORD).name == "ann"

    @pytest.mark.parametrize(
        ("name", "password"),
        [("ann", "wrong password"), ("ann", ""), ("bob", PASSWORD), ("", PASSWORD), ("ann", "x" * 100_000)],
    )
    def test_anything_else_is_refused_with_the_same_words(
        self, users: Users, name: str, password: str
    ) -> None:
        users.add("ann", "viewer", PASSWORD)
        with pytest.raises(Unauthenticated, match=r"\Aname or password is wrong\Z"):
            users.authenticate(name, password)

    def test_an_accent_may_be_typed_composed_or_not(self, users: Users) -> None:
        users.add("ann", "viewer", "caf\u00e9 au lait")
        users.authenticate("ann", "cafe\u0301 au lait")

    def test_the_file_holds_argon2id_hashes_and_is_for_its_owner_only(self, users: Users) -> None:
        users.add("ann", "viewer", PASSWORD)
        text = users.path.read_text()
        assert PASSWORD not in text
        assert "$argon2id$v=19$m=65536,t=3,p=4$" in text
        assert stat.S_IMODE(users.path.stat().st_mode) == 0o600

    def test_a_hash_of_older_parameters_is_made_anew_at_the_next_sign_in(self, users: Users) -> None:
        users.add("ann", "viewer", PASSWORD)
        kept = json.loads(users.path.read_text())
        weak = passwords.hashed(PASSWORD, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        kept["users"][0]["hash"] = weak
        users.path.write_text(json.dumps(kept))
        generation = users.authenticate("ann", PASSWORD).generation
        fresh = users.all()[0]
        assert fresh.hash != weak
        assert "m=65536" in fresh.hash
        assert fresh.generation == generation == kept["users"][0]["generation"]
        users.authenticate("ann", PASSWORD)

    @pytest.mark.parametrize(
        ("name", "role", "password", "words"),
        [
            ("ann", "root", PASSWORD, "roles are viewer, operator, admin"),
            ("ann", "viewer", "short", "at least 8"),
            ("ann", "viewer", "x" * 1025, "at most 1024"),
            ("", "viewer", PASSWORD, "name has"),
            ("a b", "viewer", PASSWORD, "name has"),
            ("../x", "viewer", PASSWORD, "name has"),
            ("Bob", "viewer", PASSWORD, "named 'Bob' already"),
        ],
    )
    def test_a_user_that_makes_no_sense_is_not_added(
        self, users: Users, name: str, role: str, password: str, words: str
    ) -> None:
        users.add("bob", "viewer", PASSWORD)
        with pytest.raises(UsageError, match=words):
            users.add(name, role, password)
        assert [user.name for user in users.all()] == ["bob"]

    def test_a_name_that_nobody_has_costs_as_much_to_refuse(self) -> None:
        real, nobodys = passwords.hashed(PASSWORD), passwords._nobodys()
        assert real.rsplit("$", 2)[0] == nobodys.rsplit("$", 2)[0]
        assert not passwords.fits("nobody", None)

    def test_a_damaged_file_lets_nobody_in(self, users: Users) -> None:
        users.add("ann", "viewer", PASSWORD)
        users.path.write_text("{")
        with pytest.raises(Damaged, match=r"users\.json is damaged"):
            users.authenticate("ann", PASSWORD)

    def test_who_does_not_exist_cannot_be_changed(self, users: Users) -> None:
        for change in (lambda: users.set_password("x", PASSWORD), lambda: users.remove("x")):
            with pytest.raises(UsageError, match="no user named 'x'"):
                change()


class TestSessions:
    def test_a_session_lasts_while_it_is_used_but_not_for_ever(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        secret = sessions.begin("ann", "viewer", "user", "g")
        for _ in range(7):
            clock.now += 500
            assert sessions.find(secret).name == "ann"
        clock.now += 100
        with pytest.raises(Unauthenticated, match="the session has ended"):
            sessions.find(secret)

    def test_a_session_that_is_not_used_ends(self, sessions: Sessions, clock: Clock) -> None:
        secret = sessions.begin("ann", "viewer", "user", "g")
        clock.now += 600
        with pytest.raises(Unauthenticated):
            sessions.find(secret)

    def test_the_file_holds_no_secret_and_forgets_what_has_ended(
        self, sessions: Sessions, clock: Clock, tmp_path: Path
    ) -> None:
        secret = sessions.begin("ann", "viewer", "user", "g")
        path = tmp_path / "data" / "sessions.json"
        assert secret not in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        clock.now += 601
        sessions.flush()
        assert json.loads(path.read_text())["sessions"] == []

    def test_another_server_on_the_same_file_knows_when_it_was_used(
        self, sessions: Sessions, clock: Clock, tmp_path: Path
    ) -> None:
        secret = sessions.begin("ann", "viewer", "user", "g")
        clock.now += 500
        sessions.find(secret)
        sessions.flush()
        clock.now += 500
        again = Sessions(tmp_path / "data" / "sessions.json", 600, 3600, clock)
        assert again.find(secret).name == "ann"

    @pytest.mark.parametrize("wrong", ["", "x", "\udcff", "x" * 10_000])
    def test_any_other_secret_is_refused(self, sessions: Sessions, wrong: str) -> None:
        sessions.begin("ann", "viewer", "user", "g")
        with pytest.raises(Unauthenticated):
            sessions.find(wrong)

    def test_an_ended_session_is_refused_and_the_others_are_not(self, sessions: Sessions) -> None:
        one, other = (sessions.begin("ann", "viewer", "user", "g") for _ in range(2))
        sessions.end(one)
        with pytest.raises(Unauthenticated):
            sessions.find(one)
        sessions.find(other)

    def test_one_person_has_so_many_sessions_and_the_oldest_makes_room(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        first = sessions.begin("ann", "viewer", "user", "g")
        bobs = sessions.begin("bob", "viewer", "user", "g")
        for _ in range(50):
            clock.now += 1
            sessions.begin("ann", "viewer", "user", "g")
        with pytest.raises(Unauthenticated):
            sessions.find(first)
        sessions.find(bobs)


@pytest.mark.parametrize(
    "change",
    [
        lambda users: users.set_password("ann", "another password"),
        lambda users: users.set_role("ann", "admin"),
    ],
    ids=["password", "role"],
)
def test_a_change_gives_a_user_a_new_generation(users: Users, change: Callable[[Users], object]) -> None:
    before = users.add("ann", "viewer", PASSWORD).generation
    change(users)
    after = users.find("ann")
    assert after
    assert after.generation != before


def test_only_sessions_that_still_let_somebody_in_are_counted(tmp_path: Path) -> None:
    access = Access(load({"data": str(tmp_path)}).settings)
    ann = access.users.add("ann", "viewer", PASSWORD)
    access.sessions.begin("ann", "viewer", "user", ann.generation)
    access.sessions.begin("otto", "admin", "oidc")
    assert [(each["name"], each["sessions"]) for each in people(access)] == [("ann", 1)]
    access.users.set_role("ann", "admin")
    assert [(each["name"], each["sessions"]) for each in people(access)] == [("ann", 0)]
