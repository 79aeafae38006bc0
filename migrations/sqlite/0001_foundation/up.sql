-- What every use case writes beside its own rows: the audit entry, the remembered answer, what the world should know; and the claims of jobs.
CREATE TABLE audit_pending (
    id TEXT NOT NULL PRIMARY KEY,
    entry BLOB NOT NULL,
    leaf TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    etag TEXT,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (at);

CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    organisation TEXT,
    payload TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_by_organisation ON outbox (organisation, seq);

CREATE TABLE outbox_cursors (
    consumer TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    token TEXT NOT NULL,
    failures INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE job_runs (
    job TEXT NOT NULL PRIMARY KEY,
    slot INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    token TEXT NOT NULL,
    finished_at INTEGER
) STRICT, WITHOUT ROWID;
