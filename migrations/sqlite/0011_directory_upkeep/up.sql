-- What a source no longer gives is marked, not lost, and what changed at a source stands in a log of changes.
ALTER TABLE directory_rows ADD COLUMN missing_since INTEGER;
ALTER TABLE services ADD COLUMN missing_since INTEGER;

CREATE TABLE directory_changes (
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('changed', 'missing', 'back')),
    digest_before TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (source, tbl, id, at, what)
) STRICT, WITHOUT ROWID;
