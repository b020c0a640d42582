"""The commands that ask a server, against `heapwatch serve`: what goes in by import comes out everywhere."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from pathlib import Path

import pytest

from cli.conftest import Run, Server

pytestmark = [pytest.mark.e2e, pytest.mark.store]

NOW = int(time.time() * 1000) // 10_000 * 10_000
STEPS = 6

NAMED = ("--pattern", "{host}/{jvm}-{pid}-{time}.txt")

HEADER = " num     #instances         #bytes  class name (module)\n" + "-" * 55 + "\n"


def histogram(carts: int) -> str:
    rows = [
        ("[B (java.base@17.0.15)", 1000, 64_000),
        ("com.shop.Cart", carts, carts * 24),
        ("java.lang.String (java.base@17.0.15)", 50, 1200),
    ]
    text = "".join(
        f"{i:4d}: {count:13d}  {size:13d}  {name}\n" for i, (name, count, size) in enumerate(rows, 1)
    )
    return f"{HEADER}{text}Total {sum(r[1] for r in rows):13d}  {sum(r[2] for r in rows):13d}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hosts, six minutes, a cart leak on both."""
    folder = tmp_path_factory.mktemp("files")
    for host, factor in (("web1", 10), ("web2", 20)):
        (folder / host).mkdir()
        for step in range(STEPS):
            at = NOW - (STEPS - step) * 60_000
            (folder / host / f"shop-4711-{at}.txt").write_text(histogram(100 + factor * step))
    return folder


@pytest.fixture(scope="module")
def filled(server: Server, inside: Run, files: Path) -> Server:
    answer = inside("import", str(files), *NAMED, "--server", server.url)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "12 histograms (36 rows) in 12 files: 12 stored, 0 stored before\n"
    return server


def asked(inside: Run, server: Server, *words: str) -> str:
    answer = inside(*words, "--server", server.url)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_importing_again_stores_nothing_new(inside: Run, filled: Server, files: Path) -> None:
    words = ["import", str(files), *NAMED]
    assert "0 stored, 12 stored before" in asked(inside, filled, *words)
    told = json.loads(asked(inside, filled, *words, "--json"))
    assert (told["stored"], told["stored_before"], told["bad"]) == (0, 12, [])


def test_what_is_bad_is_listed_and_the_rest_is_stored(inside: Run, filled: Server, tmp_path: Path) -> None:
    (tmp_path / f"bad-1-{NOW}.txt").write_text(histogram(1)[:-30])
    (tmp_path / f"good-1-{NOW}.txt").write_text(histogram(1))
    answer = inside("import", str(tmp_path), "--host", "badhost", "--server", filled.url)
    assert answer.returncode == 1
    assert answer.stdout.endswith("1 stored, 0 stored before\n")
    assert re.match(r"bad: .*/bad-1-\d+\.txt: ", answer.stderr)


def test_jvms_lists_hosts_with_their_growth(inside: Run, filled: Server) -> None:
    shown = asked(inside, filled, "jvms", "--jvm", "shop").splitlines()
    assert shown[0].split()[:2] == ["HOST", "JVM"]
    assert sorted(line.split()[0] for line in shown[1:]) == ["web1", "web2"]
    assert max(map(len, shown)) <= 80


def test_totals_sums_up_in_a_table_draws_and_gives_every_point(inside: Run, filled: Server) -> None:
    table = asked(inside, filled, "totals", "--jvm", "shop", "--from", "-1h").splitlines()
    assert max(map(len, table)) <= 80
    web1 = next(line for line in table if line.startswith("web1"))
    assert "+1.17 KiB" in web1  # 50 carts of 24 bytes
    chart = asked(inside, filled, "totals", "--host", "web1", "--jvm", "shop", "-o", "chart")
    assert "host=web1" in chart
    assert re.search(r"[⠁-⣿]", chart)
    points = list(csv.DictReader(io.StringIO(asked(inside, filled, "totals", "--jvm", "shop", "-o", "csv"))))
    assert len(points) >= 2 * STEPS
    assert {point["host"] for point in points} == {"web1", "web2"}
    answer = json.loads(asked(inside, filled, "totals", "--jvm", "shop", "--json"))
    assert len(answer["series"]) == 2


def test_classes_shows_one_heap_and_its_change(inside: Run, filled: Server) -> None:
    words = ["classes", "--host", "web2", "--jvm", "shop"]
    plain = asked(inside, filled, *words).splitlines()
    assert plain[2].split() == ["BYTES", "INSTANCES", "CLASS"]
    assert plain[3].split()[-1] == "byte[]"
    change = asked(inside, filled, *words, "--before", str(NOW - STEPS * 60_000)).splitlines()
    assert change[1].startswith("since ")
    assert change[4].split()[:4] == ["+2.34", "KiB", "+100", "+480"]
    assert change[4].split()[-1] == "com.shop.Cart"
    answer = json.loads(asked(inside, filled, *words, "--filter", "com.*", "--json"))
    assert answer["columns"]["class"] == ["com.shop.Cart"]
    assert answer["columns"]["instances"] == [200]


def test_diff_with_a_host_asks_the_server(inside: Run, filled: Server) -> None:
    shown = asked(
        inside, filled, "diff", "--host", "web1", "--jvm", "shop", "--before", str(NOW - STEPS * 60_000)
    )
    assert "com.shop.Cart" in shown.splitlines()[4]


def test_class_shows_that_it_grows_on_all_hosts(inside: Run, filled: Server) -> None:
    shown = asked(inside, filled, "class", "com.shop.Cart", "--by", "instances", "--jvm", "shop").splitlines()
    grown = {line.split()[1]: line.split() for line in shown[1:]}
    assert "+50" in grown["web1"]
    assert "+100" in grown["web2"]
    summed = json.loads(
        asked(inside, filled, "class", "com.shop.*", "--jvm", "shop", "--sum-by", "class", "--json")
    )
    assert len(summed["series"]) == 1


def test_snapshots_are_listed_newest_first(inside: Run, filled: Server) -> None:
    rows = list(csv.DictReader(io.StringIO(asked(inside, filled, "snapshots", "--jvm", "shop", "-o", "csv"))))
    times = [int(row["time"]) for row in rows]
    assert times == sorted(times, reverse=True)
    assert len(times) == 2 * STEPS
    shown = asked(inside, filled, "snapshots", "--jvm", "shop", "-n", "3").splitlines()
    assert len(shown) == 4


def test_commands_without_an_answer_say_so(inside: Run, filled: Server) -> None:
    assert "nothing happened in this range" in asked(
        inside, filled, "events", "--jvm", "shop", "--to", "-50m"
    )
    assert "no metric is stored" in asked(inside, filled, "metric", "--jvm", "shop")
    answer = inside("totals", "--host", "nowhere", "--server", filled.url)
    assert (answer.returncode, answer.stderr) == (2, "heapwatch: no host 'nowhere' in the store\n")


def test_a_moment_that_is_none_is_one_line(inside: Run, filled: Server) -> None:
    answer = inside("totals", "--from", "yesterday", "--server", filled.url)
    assert answer.returncode == 2
    assert answer.stderr.startswith("heapwatch: from: 'yesterday' is not a moment such as")


def test_tab_offers_what_the_server_knows(inside: Run, filled: Server) -> None:
    server = {"HEAPWATCH_SERVER": filled.url}
    assert "web2" in inside("__complete", "totals", "--host", "", **server).stdout
    assert "com.shop.Cart" in inside("__complete", "class", "com.s", **server).stdout
    unreachable = inside("__complete", "totals", "--host", "", HEAPWATCH_SERVER="http://127.0.0.1:9")
    assert (unreachable.returncode, unreachable.stderr) == (0, "")


def test_status_names_the_doors(inside: Run, filled: Server) -> None:
    shown = asked(inside, filled, "status")
    assert shown.startswith(f"{filled.url}  heapwatch ")
    assert "histograms" in shown
    assert re.search(r"^batch ", shown, re.MULTILINE)
    assert json.loads(asked(inside, filled, "status", "--json"))["ready"] is True


def exported(text: str) -> list[dict[str, object]]:
    found = [json.loads(line) for line in text.splitlines()]
    return sorted(found, key=lambda each: (each["host"], each["time"]))


@pytest.mark.parametrize("name", ["all.jsonl.gz", "all.parquet"])
def test_what_was_exported_and_imported_elsewhere_is_exported_the_same(
    inside: Run, filled: Server, tmp_path: Path, name: str
) -> None:
    everything = tmp_path / name
    assert f"{name}: " in asked(inside, filled, "export", str(everything), "--jvm", "shop")
    other = Server(tmp_path / "other")
    try:
        told = inside("import", str(everything), "--server", other.url)
        assert told.stdout == "12 histograms (36 rows) in 1 file: 12 stored, 0 stored before\n", told.stderr
        again = asked(inside, other, "export", "--jvm", "shop")
    finally:
        assert other.stop() == 0
    assert exported(again) == exported(asked(inside, filled, "export", "--jvm", "shop"))


def test_parquet_that_is_not_ours_or_is_cut_is_told_in_one_line(
    inside: Run, filled: Server, tmp_path: Path
) -> None:
    asked(inside, filled, "export", str(tmp_path / "all.parquet"), "--jvm", "shop")
    whole = (tmp_path / "all.parquet").read_bytes()
    (tmp_path / "all.parquet").write_bytes(whole[: len(whole) // 2])
    told = inside("import", str(tmp_path / "all.parquet"), "--server", filled.url)
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "all.parquet: cannot be read as Parquet: " in told.stderr


def test_an_export_as_texts_is_known_again_when_it_is_imported(
    inside: Run, filled: Server, tmp_path: Path
) -> None:
    asked(inside, filled, "export", str(tmp_path / "texts.tar"), "--jvm", "shop")
    assert "0 stored, 12 stored before" in asked(inside, filled, "import", str(tmp_path / "texts.tar"))


def test_an_export_does_not_overwrite_and_a_failed_one_leaves_nothing(
    inside: Run, filled: Server, tmp_path: Path
) -> None:
    target = tmp_path / "kept.jsonl"
    target.write_text("mine")
    answer = inside("export", str(target), "--server", filled.url)
    assert (answer.returncode, target.read_text()) == (2, "mine")
    failed = inside("export", str(tmp_path / "new.jsonl"), "--host", "nowhere", "--server", filled.url)
    assert failed.returncode == 2
    assert list(tmp_path.iterdir()) == [target]


def test_a_running_server_keeps_others_off_its_folder(heapwatch: Run, filled: Server, files: Path) -> None:
    answer = heapwatch("import", str(files), "--data", str(filled.data))
    assert answer.returncode == 2
    assert "is in use by process" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_without_a_server_files_go_straight_into_a_folder(
    heapwatch: Run, inside: Run, files: Path, tmp_path: Path
) -> None:
    words = [
        "import",
        str(files),
        *NAMED,
        "--data",
        str(tmp_path / "d"),
    ]
    assert "12 stored, 0 stored before" in heapwatch(*words).stdout
    assert "0 stored, 12 stored before" in inside(*words).stdout
    mine = tmp_path / "d" / "dashboards" / "mine.yaml"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("title: Mine\n")
    copied = inside("backup", str(tmp_path / "copy"), "--data", str(tmp_path / "d"))
    assert copied.returncode == 0, copied.stderr
    assert copied.stdout.startswith(f"{tmp_path / 'copy'}: ")

    restored = heapwatch("restore", str(tmp_path / "copy"), "--data", str(tmp_path / "again"))
    assert restored.returncode == 0, restored.stderr
    assert (tmp_path / "again" / "dashboards" / "mine.yaml").read_text() == mine.read_text()
    words[-1] = str(tmp_path / "again")
    assert "0 stored, 12 stored before" in inside(*words).stdout
    refused = inside("restore", str(tmp_path / "copy"), "--data", str(tmp_path / "again"))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "not empty" in refused.stderr


def test_a_support_bundle_has_no_secret_and_no_class(inside: Run, filled: Server, tmp_path: Path) -> None:
    import tarfile

    path = tmp_path / "bundle.tar.gz"
    words = ["support-bundle", str(path), "--data", str(filled.data)]
    asked(inside, filled, *words)
    with tarfile.open(path) as archive:
        texts = {m.name: archive.extractfile(m).read().decode() for m in archive}  # type: ignore[union-attr]
    assert "heapwatch-support/server/status.json" in texts
    assert json.loads(texts["heapwatch-support/versions.json"])["heapwatch"]
    assert not any("com.shop" in text for text in texts.values())
    path.unlink()
    asked(inside, filled, *words, "--with-classes")
    with tarfile.open(path) as archive:
        assert b"com.shop.Cart" in archive.extractfile("heapwatch-support/server/classes.json").read()  # type: ignore[union-attr]


def test_with_the_first_token_everybody_needs_one(inside: Run, tmp_path: Path) -> None:
    closed = Server(tmp_path / "closed")
    try:
        secret_file = tmp_path / "admin.token"
        data = ("--data", str(closed.data))
        made = inside("token", "create", "me", "--scope", "admin", "--to", str(secret_file), *data)
        assert made.returncode == 0, made.stderr
        assert secret_file.stat().st_mode & 0o777 == 0o600
        refused = inside("status", "--server", closed.url)
        assert refused.returncode == 2
        assert "wants a token: give --token-file, or HEAPWATCH_TOKEN in the environment" in refused.stderr
        assert inside("--server", closed.url, "--token-file", str(secret_file), "status").returncode == 0
        secret = secret_file.read_text().strip()
        reader = inside("token", "create", "reader", "--server", closed.url, HEAPWATCH_TOKEN=secret)
        assert reader.stdout.startswith("hw_"), reader.stderr
        assert "its secret is not shown again" in reader.stderr
        listed = inside("token", "list", *data).stdout
        assert "reader" in listed
        assert "hw_" not in listed
        with_reader = {"HEAPWATCH_TOKEN": reader.stdout.strip(), "HEAPWATCH_SERVER": closed.url}
        assert inside("status", **with_reader).returncode == 0
        forbidden = inside("token", "list", "--server", closed.url, **with_reader)
        assert forbidden.returncode == 2
        assert inside("token", "revoke", "reader", *data).returncode == 0
        assert "does not accept this token" in inside("status", **with_reader).stderr
    finally:
        assert closed.stop() == 0
