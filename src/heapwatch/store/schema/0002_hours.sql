-- What an hour of a JVM comes to, a row a class; read for ranges of days. An hour is summed up when it is
-- over, and again when samples of it arrive later: the newest version holds.
-- `n`, `x` and `xx` are of all histograms of the hour (x = seconds since it began), `present` of those that
-- had the class: with `sum` and `xy` they give the regression of instances on time, absence counting as 0.
CREATE TABLE IF NOT EXISTS class_hour {{on_cluster}}
(
    hour        DateTime('UTC') CODEC(Delta, ZSTD(1)),
    incarnation {{id}} CODEC(ZSTD(1)),
    class       {{id}} CODEC(Delta, ZSTD(1)),
    mode        Enum8('all' = 0, 'live' = 1) CODEC(ZSTD(1)),
    n           UInt32 CODEC(ZSTD(1)),
    x           UInt64 CODEC(ZSTD(1)),
    xx          UInt64 CODEC(ZSTD(1)),
    present     UInt32 CODEC(ZSTD(1)),
    min         UInt64 CODEC(ZSTD(1)),
    max         UInt64 CODEC(ZSTD(1)),
    last        UInt64 CODEC(ZSTD(1)),
    sum         UInt64 CODEC(ZSTD(1)),
    xy          UInt64 CODEC(ZSTD(1)),
    unit        UInt64 CODEC(ZSTD(1)),
    rest        UInt64 CODEC(ZSTD(1)),
    bytes       UInt64 ALIAS last * unit + rest,
    version     UInt64 CODEC(ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(hour)
ORDER BY (incarnation, class, hour, mode);

CREATE TABLE IF NOT EXISTS sample_hour {{on_cluster}}
(
    hour    DateTime('UTC') CODEC(Delta, ZSTD(1)),
    series  {{id}} CODEC(ZSTD(1)),
    n       UInt32 CODEC(ZSTD(1)),
    min     Float64 CODEC(ZSTD(1)),
    max     Float64 CODEC(ZSTD(1)),
    last    Float64 CODEC(ZSTD(1)),
    sum     Float64 CODEC(ZSTD(1)),
    version UInt64 CODEC(ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(hour)
ORDER BY (series, hour);

-- Hours of an incarnation (0 = what belongs to no JVM) that wait for their rollup (open) or have it.
CREATE TABLE IF NOT EXISTS hour_state {{on_cluster}}
(
    incarnation {{id}},
    hour        DateTime('UTC'),
    open        UInt8,
    version     UInt64
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY (incarnation, hour);
