-- Who made a JVM (its incarnation; kind 0) or a class (kind 1), of senders who may make so many and no more.
CREATE TABLE IF NOT EXISTS maker {{on_cluster}}
(
    kind   UInt8,
    id     {{id}},
    made   DateTime64(3, 'UTC'),
    source String
)
ENGINE = {{engine:ReplacingMergeTree}}
ORDER BY (kind, id);
