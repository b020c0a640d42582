-- Where log messages come from: the labels of a stream of them, with three of them as columns.
CREATE TABLE IF NOT EXISTS log_source {{on_cluster}}
(
    id       {{id}},
    host     String,
    category String,
    name     String,
    labels   Map(String, String)
)
ENGINE = {{engine:ReplacingMergeTree}}
ORDER BY id;

-- One row a message, of several lines if need be. `seq` is the order of arrival: (time, seq) orders messages
-- totally. `batch` is a hash of what the message came with, so that a replay is recognised
-- (docs/decisions/0006). The index knows which words a block of messages has, in lower case; other kinds of
-- index were measured (benchmarks/results/logs.md).
CREATE TABLE IF NOT EXISTS log {{on_cluster}}
(
    time        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    incarnation {{id}} CODEC(ZSTD(1)),
    source      {{id}} CODEC(ZSTD(1)),
    level       LowCardinality(String) CODEC(ZSTD(1)),
    text        String CODEC(ZSTD(1)),
    seq         UInt64 CODEC(Delta, ZSTD(1)),
    batch       UInt64 CODEC(ZSTD(1)),
    INDEX words lower(text) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(time)
ORDER BY (source, time);
