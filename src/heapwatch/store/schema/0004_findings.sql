-- What the detector has found, a row a finding: its newest version holds. The body is JSON; nothing of it is
-- asked for in SQL, for there are few findings and they are all in memory.
CREATE TABLE IF NOT EXISTS finding {{on_cluster}}
(
    id      String,
    version UInt64,
    body    String
)
ENGINE = {{engine:ReplacingMergeTree(version)}}
ORDER BY id;
