-- What only has to survive a restart, because it is all in memory: states of monitors, silences, who was told.
-- A row a thing: its newest version holds, and an empty body is a thing that is no more.
CREATE TABLE IF NOT EXISTS kept {{on_cluster}}
(
    room    String,
    id      String,
    version UInt64,
    body    String
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY (room, id);

-- Every change of a monitor's group, with the value and the query that caused it (JSON).
CREATE TABLE IF NOT EXISTS transition {{on_cluster}}
(
    time    DateTime64(3, 'UTC'),
    monitor String,
    body    String
)
ENGINE = {{engine:ReplacingMergeTree}}
PARTITION BY toYYYYMM(time)
ORDER BY (monitor, time, body);
