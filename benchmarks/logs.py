"""What it costs to store log messages and to find a word in them, by kind of index.

    python benchmarks/logs.py [--lines 400000]

Made-up lines of three kinds (access log, logback, stack traces of 20 frames) from 20 sources, 20,000 an
insert, into tables that differ in their index only. CPU is this process's with the engine's threads. Figures
of one run are comparable with each other, not with those of another machine.
Writes benchmarks/results/logs.json and logs.md.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from heapwatch.model import LogBlock
from heapwatch.store import Settings, Store, open_store
from heapwatch.store.native import TIME, Column

RESULTS = Path(__file__).with_name("results")
AT_ONCE = 20_000
SOURCES = 20
START = 1_790_000_000_000
NEEDLE = "NeedleInHaystack42"

INDEXES = {
    "none": "",
    "tokenbf_v1(32768, 3, 0)": "lower(text) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1",
    "ngrambf_v1(4, 65536, 2, 0)": "lower(text) TYPE ngrambf_v1(4, 65536, 2, 0) GRANULARITY 1",
    "text(splitByNonAlpha)": "text TYPE text(tokenizer = 'splitByNonAlpha', preprocessor = lower(text))",
}
QUESTIONS = {
    "a rare word": f"hasToken(lower(text), '{NEEDLE.lower()}')",
    "a rare word, hasAllTokens": f"hasAllTokens(text, '{NEEDLE}')",
    "a part of a rare word": "lower(text) LIKE '%edleinhay%'",
    "a common word": "hasToken(lower(text), 'rebalanced')",
}
TABLE = """
CREATE TABLE {table} (time DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), source UInt32 CODEC(ZSTD(1)),
level LowCardinality(String) CODEC(ZSTD(1)), text String CODEC(ZSTD(1)),
seq UInt64 CODEC(Delta, ZSTD(1)){index})
ENGINE = MergeTree PARTITION BY toYYYYMMDD(time) ORDER BY (source, time)
"""
SIZE = """
SELECT sum(bytes_on_disk) AS bytes, sum(secondary_indices_compressed_bytes) AS indexed FROM system.parts
WHERE active AND database = currentDatabase() AND table = {table:String}
"""
WORDS = (
    *("connection", "refused", "timeout", "slow", "query", "user", "order", "payment", "accepted", "retry"),
    *("rejected", "cache", "miss", "evicted", "session", "expired", "login", "failed", "queue", "full"),
    *("worker", "thread", "pool", "exhausted", "leader", "elected", "partition", "rebalanced", "backoff"),
)


def lines(count: int) -> Iterator[str]:
    """The same for every run."""
    chance = random.Random(1)
    names = [
        f"com.shop.{room}.{what}{kind}"
        for room in ("orders", "cart", "billing", "stock", "ship")
        for what in ("Order", "Invoice", "Session", "Cache", "Actor")
        for kind in ("Service", "Impl", "Repository", "Handler")
    ]
    for number in range(count):
        kind, name, said = chance.random(), chance.choice(names), " ".join(chance.choices(WORDS, k=8))
        stamp = f"2026-11-22 10:{number // 60_000 % 60:02}:{number // 1000 % 60:02},{number % 1000:03}"
        if number == count // 2:
            yield f"{stamp} WARN [main] {name} - {NEEDLE}"
        elif kind < 0.55:
            address = f"10.0.{chance.randrange(256)}.{chance.randrange(256)}"
            path = f"GET /api/v1/orders/{chance.randrange(10**7)} HTTP/1.1"
            yield f'{address} - - "{path}" {chance.choice((200, 200, 404))} {chance.randrange(20_000)}'
        elif kind < 0.93:
            level = chance.choice(("INFO", "INFO", "WARN", "ERROR", "DEBUG"))
            thread, order = chance.randrange(64), chance.randrange(16**12)
            yield f"{stamp} {level} [pool-{thread}] {name} - {said} id={order:012x}"
        else:
            frames = (
                f"\tat {chance.choice(names)}.m{chance.randrange(50)}(F.java:{number % 900})"
                for _ in range(20)
            )
            yield "\n".join(
                [f"{stamp} ERROR [main] {name} - failed", f"java.io.IOException: {said}", *frames]
            )


def measured(store: Store, texts: list[str]) -> dict[str, Any]:
    return {name: _of_index(store, number, name, texts) for number, name in enumerate(INDEXES)}


def _of_index(store: Store, number: int, name: str, texts: list[str]) -> dict[str, float]:
    engine, table = store.parts.engine, f"log_{number}"
    index = f", INDEX words {INDEXES[name]}" if INDEXES[name] else ""
    engine.command(TABLE.replace("{table}", table).replace("{index}", index))
    chance = np.random.default_rng(1)
    began = time.process_time()
    for start in range(0, len(texts), AT_ONCE):
        some = texts[start : start + AT_ONCE]
        engine.insert(
            table,
            [
                Column("time", TIME, START + 10 * np.arange(start, start + len(some))),
                Column("source", "UInt32", chance.integers(1, SOURCES + 1, len(some))),
                Column("level", "String", ["info"] * len(some)),
                Column("text", "String", some),
                Column("seq", "UInt64", np.arange(start, start + len(some))),
            ],
        )
    inserted = time.process_time() - began
    engine.command(f"OPTIMIZE TABLE {table} FINAL")
    both = time.process_time() - began
    size = engine.query(SIZE, {"table": table})
    found = {
        "bytes_per_line": int(size["bytes"][0]) / len(texts),
        "index_bytes_per_line": int(size["indexed"][0]) / len(texts),
        "insert_us_per_line": inserted / len(texts) * 1e6,
        "insert_and_merge_us_per_line": both / len(texts) * 1e6,
    }
    for question, condition in QUESTIONS.items():
        found[question] = min(_cpu_ms(store, table, condition) for _ in range(5))
    return found


def _cpu_ms(store: Store, table: str, condition: str) -> float:
    began = time.process_time()
    sql = f"SELECT count() AS n FROM {table} WHERE {condition} SETTINGS use_query_condition_cache = 0"
    assert int(store.parts.engine.query(sql)["n"][0]) > 0
    return (time.process_time() - began) * 1000


def whole(store: Store, texts: list[str]) -> dict[str, float]:
    """Through the front: times and levels recognised, stored, on disk."""
    began = time.process_time()
    for start in range(0, len(texts), AT_ONCE):
        some = texts[start : start + AT_ONCE]
        per = len(some) // SOURCES
        store.insert_logs(
            [
                LogBlock(
                    {"host": f"web{each}", "_sourceCategory": "app"},
                    array("q", range(START + 10 * start, START + 10 * (start + per), 10)),
                    some[each * per : (each + 1) * per],
                )
                for each in range(SOURCES)
            ]
        )
    spent = time.process_time() - began
    store.parts.engine.command("OPTIMIZE TABLE log FINAL")
    size = store.parts.engine.query(SIZE, {"table": "log"})
    return {
        "us_per_line": spent / len(texts) * 1e6,
        "bytes_per_line": int(size["bytes"][0]) / len(texts),
        "raw_bytes_per_line": sum(len(text.encode()) for text in texts) / len(texts),
    }


def report(found: dict[str, Any]) -> str:
    rows = [
        f"| {name} | {it['bytes_per_line']:.1f} | {it['index_bytes_per_line']:.1f} "
        f"| {it['insert_us_per_line']:.1f} | {it['insert_and_merge_us_per_line']:.1f} | "
        + " | ".join(f"{it[each]:.1f}" for each in QUESTIONS)
        + " |"
        for name, it in found["indexes"].items()
    ]
    front = found["whole"]
    return "\n".join(
        [
            "# Storing log messages",
            "",
            f"{found['lines']} messages of {front['raw_bytes_per_line']:.0f} bytes on average (access log, "
            f"logback, stack traces), {AT_ONCE} an insert; engine {found['engine']}; 2 CPUs shared "
            "with other work.",
            "",
            "| index | bytes a line | of it the index | insert CPU us a line | with merges | "
            + " | ".join(f"CPU ms: {each}" for each in QUESTIONS)
            + " |",
            "|---|" + "---:|" * (4 + len(QUESTIONS)),
            *rows,
            "",
            "Through the front (source, level, order of arrival, replay check): "
            f"{front['us_per_line']:.1f} us of CPU a line, {front['bytes_per_line']:.1f} bytes on disk: "
            f"{front['raw_bytes_per_line'] / front['bytes_per_line']:.1f} to 1.",
            "",
            "The store uses `tokenbf_v1` over the text in lower case: it adds least to disk and insert, and "
            "lets a search for a rare word skip most of what it would read. The engine's text index answers "
            "such a search faster, and only `hasAllTokens`, for nearly as much disk again as the messages.",
            "",
            f"Command: `python benchmarks/logs.py --lines {found['lines']}`",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=400_000)
    wish = parser.parse_args()
    texts = list(lines(wish.lines))
    directory = Path(tempfile.mkdtemp(prefix="heapwatch-logs-"))
    try:
        with open_store(directory, Settings(readers=1, fsync=False)) as store:
            engine = str(store.status()["engine"])
            front = whole(store, texts)
            found = {"lines": wish.lines, "engine": engine, "whole": front, "indexes": measured(store, texts)}
    finally:
        shutil.rmtree(directory)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "logs.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "logs.md").write_text(report(found))
    print(report(found))


if __name__ == "__main__":
    main()
