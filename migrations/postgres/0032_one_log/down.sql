-- The log of digests, empty: the log of fields keeps what changed.
CREATE TABLE directory_changes (
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('changed', 'missing', 'back')),
    digest_before TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (source, tbl, id, at, what)
);
