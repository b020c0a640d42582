-- Words in {{ }} are filled in by the migration runner (migrate.py): {{on_cluster}}, {{id}}, {{engine:...}}.

-- One row a class of a histogram. Bytes follow instances: the unit (bytes // instances) hardly ever changes,
-- so that bytes cost next to nothing. 64 bits, because one long[] can have 16 GiB.
CREATE TABLE IF NOT EXISTS class_sample {{on_cluster}}
(
    time        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    incarnation {{id}} CODEC(ZSTD(1)),
    class       {{id}} CODEC(Delta, ZSTD(1)),
    mode        Enum8('all' = 0, 'live' = 1) CODEC(ZSTD(1)),
    instances   UInt64 CODEC(ZSTD(3)),
    unit        UInt64 CODEC(ZSTD(3)),
    rest        UInt64 CODEC(ZSTD(3)),
    rows        UInt32 CODEC(ZSTD(1)),
    bytes       UInt64 ALIAS instances * unit + rest
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(time)
ORDER BY (incarnation, toStartOfHour(time), class, time);

-- One row a histogram: its totals, what it cost, the heap beside it (NaN = not known). Written after the
-- class samples, it is what makes them count (docs/decisions/0006).
CREATE TABLE IF NOT EXISTS snapshot {{on_cluster}}
(
    time        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    incarnation {{id}} CODEC(ZSTD(1)),
    mode        Enum8('all' = 0, 'live' = 1) CODEC(ZSTD(1)),
    classes     UInt32 CODEC(ZSTD(1)),
    instances   UInt64 CODEC(ZSTD(1)),
    bytes       UInt64 CODEC(ZSTD(1)),
    pause_ms    Float64 CODEC(ZSTD(1)),
    duration_ms Float64 CODEC(ZSTD(1)),
    young_collections      Float64 CODEC(ZSTD(1)),
    old_collections        Float64 CODEC(ZSTD(1)),
    concurrent_collections Float64 CODEC(ZSTD(1)),
    eden_used              Float64 CODEC(ZSTD(1)),
    young_used             Float64 CODEC(ZSTD(1)),
    old_used               Float64 CODEC(ZSTD(1)),
    old_max                Float64 CODEC(ZSTD(1)),
    heap_used              Float64 CODEC(ZSTD(1)),
    heap_committed         Float64 CODEC(ZSTD(1)),
    heap_max               Float64 CODEC(ZSTD(1)),
    metaspace_used         Float64 CODEC(ZSTD(1)),
    threads                Float64 CODEC(ZSTD(1)),
    loaded_classes         Float64 CODEC(ZSTD(1)),
    unloaded_classes       Float64 CODEC(ZSTD(1)),
    since_gc_ms            Float64 CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(time)
ORDER BY (incarnation, time, mode);

CREATE TABLE IF NOT EXISTS class {{on_cluster}}
(
    id      {{id}},
    name    String,
    package String,
    kind    String
)
ENGINE = {{engine:ReplacingMergeTree}}
ORDER BY id;

CREATE TABLE IF NOT EXISTS jvm {{on_cluster}}
(
    id   {{id}},
    host String,
    jvm  String
)
ENGINE = {{engine:ReplacingMergeTree}}
ORDER BY id;

-- One life of one process. Labels may change while it lives; the newest version holds.
CREATE TABLE IF NOT EXISTS incarnation {{on_cluster}}
(
    id         {{id}},
    jvm        {{id}},
    pid        Int64,
    started    DateTime64(3, 'UTC'),
    labels     Map(String, String),
    first_seen DateTime64(3, 'UTC'),
    version    UInt64
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY id;

-- Everything else that has a number: metrics of a JVM (its incarnation) or of anything (0).
CREATE TABLE IF NOT EXISTS series {{on_cluster}}
(
    id          {{id}},
    incarnation {{id}},
    metric      String,
    tags        Map(String, String),
    source      String
)
ENGINE = {{engine:ReplacingMergeTree}}
ORDER BY id;

CREATE TABLE IF NOT EXISTS sample {{on_cluster}}
(
    series {{id}} CODEC(ZSTD(1)),
    time   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    value  Float64 CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMMDD(time)
ORDER BY (series, time);

-- Replays collapse: the key is the whole event, and reads use FINAL (the table is tiny).
CREATE TABLE IF NOT EXISTS event {{on_cluster}}
(
    time        DateTime64(3, 'UTC'),
    incarnation {{id}},
    kind        String,
    text        String,
    labels_key  String,
    labels      Map(String, String)
)
ENGINE = {{engine:ReplacingMergeTree}}
PARTITION BY toYYYYMM(time)
ORDER BY (time, incarnation, kind, text, labels_key);

-- Which batches of which agent are stored, as ranges of sequence numbers: the longest of a beginning holds.
CREATE TABLE IF NOT EXISTS ack {{on_cluster}}
(
    agent String,
    first UInt64,
    last  UInt64,
    time  DateTime('UTC')
)
ENGINE = {{engine:ReplacingMergeTree(last)}}
PARTITION BY toYYYYMM(time)
ORDER BY (agent, first);
