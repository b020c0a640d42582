"""The server's settings: which source wins, where a value came from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from heapwatch.errors import UsageError
from heapwatch.web.ports import PORTS
from heapwatch.web.settings import Settings, load, parse_address


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("HEAPWATCH_", "CREDENTIALS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text('listen = "127.0.0.1:1111"\nreaders = 7\nraw_days = 3\ngraphite_allow = ["10.0.0.0/8"]\n')
    return path


def test_a_flag_beats_the_environment_beats_a_secret_beats_the_file_beats_the_default(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "heapwatch_raw_days").write_text("5\n")
    (secrets / "heapwatch_readers").write_text("9\n")
    (secrets / "heapwatch_store_dsn").write_text("http://user:hush@db:8123/hw\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(secrets))
    monkeypatch.setenv("HEAPWATCH_READERS", "8")
    monkeypatch.setenv("HEAPWATCH_LISTEN", "127.0.0.1:2222")
    loaded = load({"listen": "127.0.0.1:3333", "readers": None}, file)
    assert loaded.settings.listen == "127.0.0.1:3333"
    assert loaded.settings.readers == 8
    assert loaded.settings.raw_days == 5
    assert loaded.settings.graphite_allow == ("10.0.0.0/8",)
    rows = {name: (value, origin) for name, value, origin in loaded.rows()}
    assert rows["listen"] == ("127.0.0.1:3333", "flag --listen")
    assert rows["readers"] == ("8", "environment HEAPWATCH_READERS")
    assert rows["raw_days"] == ("5", "secret file heapwatch_raw_days")
    assert rows["graphite_allow"] == ("10.0.0.0/8", f"file {file}")
    assert rows["hour_days"] == ("90", "default")
    assert "hush" not in str(loaded.rows())
    assert loaded.settings.store_location == "http://user:hush@db:8123/hw"


def test_a_constructor_reads_nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEAPWATCH_READERS", "8")
    assert Settings().readers == 4


def test_variables_of_other_commands_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEAPWATCH_SERVER", "http://elsewhere")
    monkeypatch.setenv("HEAPWATCH_TOKEN", "hw_x")
    assert load().settings == Settings()


def test_lists_in_the_environment_are_separated_by_commas_or_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEAPWATCH_ALLOWED_HOSTS", "hw.example.org, other.example.org")
    assert load().settings.allowed_hosts == ("hw.example.org", "other.example.org")
    monkeypatch.setenv("HEAPWATCH_ALLOWED_HOSTS", "")
    assert load().settings.allowed_hosts == ()


def test_a_mistyped_name_in_the_file_is_refused_with_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('lisen = "127.0.0.1:1"\n')
    with pytest.raises(UsageError, match="unknown setting lisen; did you mean listen"):
        load(file=path)


@pytest.mark.parametrize("text", ["listen = ", "\xff\xfe", "listen = 1\nlisten = 2"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "server.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=r"server\.toml is not TOML"):
        load(file=path)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the settings file"):
        load(file=tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"listen": "here"}, r"listen \(flag --listen\): 'here' is not an address"),
        ({"readers": 0}, r"readers \(flag --readers\): Input should be greater than or equal to 1"),
        ({"graphite_allow": ("10.0.0.0/99",)}, "graphite_allow"),
        ({"graphite_template": "<host>.<class>"}, "graphite_template"),
        ({"tls_cert": "/a.pem"}, "tls_cert and tls_key go together"),
        ({"log_level": "loud"}, "log_level"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_value_is_refused_with_where_it_came_from(flags: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load(flags)


@pytest.mark.parametrize(
    ("text", "address", "loopback"),
    [
        ("127.0.0.1:7077", ("127.0.0.1", 7077), True),
        ("7077", ("127.0.0.1", 7077), True),
        ("localhost:0", ("localhost", 0), True),
        ("[::1]:7077", ("::1", 7077), True),
        (":7077", ("0.0.0.0", 7077), False),
        ("[::]:7077", ("::", 7077), False),
        ("10.1.2.3:80", ("10.1.2.3", 80), False),
        ("127.0.0.1.example.org:80", ("127.0.0.1.example.org", 80), False),
    ],
)
def test_addresses(text: str, address: tuple[str, int], loopback: bool) -> None:
    assert parse_address(text) == address
    assert parse_address(text).loopback == loopback


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "a:b", "1:2:3", "::1:70", "localhost:70000", "127.0.0.1:-1"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        parse_address(text)


def test_graphite_can_be_switched_off() -> None:
    assert PORTS[0].address(Settings(graphite_listen="off")) is None
