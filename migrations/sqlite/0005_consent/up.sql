-- What the hub holds of consents: the signed certificates while they count, what was taken back, and who must answer for it.
CREATE TABLE consents (
    issuer TEXT NOT NULL REFERENCES organisations (id),
    subject TEXT NOT NULL,
    newest INTEGER NOT NULL CHECK (newest > 0),
    record TEXT NOT NULL CHECK (length(record) = 43),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE certificates (
    id TEXT NOT NULL PRIMARY KEY,
    issuer TEXT NOT NULL REFERENCES organisations (id),
    recipient TEXT NOT NULL REFERENCES organisations (id),
    subject TEXT NOT NULL,
    record TEXT NOT NULL CHECK (length(record) = 43),
    record_version INTEGER NOT NULL CHECK (record_version > 0),
    digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 43),
    token TEXT,
    code TEXT NOT NULL CHECK (length(code) = 43),
    status TEXT NOT NULL CHECK (status IN ('requested', 'deferred', 'given', 'renewed', 'refused', 'withdrawn', 'revoked', 'expired', 'invalidated', 'superseded', 'unknown')),
    status_since INTEGER NOT NULL,
    withdrawal TEXT,
    denied TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    registered_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    UNIQUE (issuer, subject, recipient, record_version)
) STRICT, WITHOUT ROWID;
CREATE INDEX certificates_by_subject ON certificates (subject, issuer);
CREATE INDEX certificates_by_code ON certificates (code);
CREATE INDEX certificates_by_withdrawal ON certificates (withdrawal) WHERE withdrawal IS NOT NULL;
CREATE INDEX certificates_to_forget ON certificates (expires_at) WHERE token IS NOT NULL;
CREATE TABLE withdrawals (
    id TEXT NOT NULL PRIMARY KEY,
    issuer TEXT NOT NULL REFERENCES organisations (id),
    subject TEXT NOT NULL,
    record_version INTEGER NOT NULL,
    heard_by TEXT REFERENCES organisations (id),
    extent TEXT NOT NULL,
    withdrawn_at INTEGER NOT NULL,
    closed_at INTEGER,
    breach_at INTEGER,
    version INTEGER NOT NULL,
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawals_by_subject ON withdrawals (subject, issuer);
CREATE INDEX withdrawals_open ON withdrawals (withdrawn_at) WHERE closed_at IS NULL;
CREATE TABLE withdrawal_holders (
    withdrawal TEXT NOT NULL REFERENCES withdrawals (id),
    organisation TEXT NOT NULL REFERENCES organisations (id),
    holding TEXT NOT NULL CHECK (holding IN ('undelivered', 'not_accepted', 'accepted')),
    due_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    escalated_at INTEGER,
    answered_at INTEGER,
    answer TEXT CHECK (answer IN ('destroyed', 'kept')),
    exception TEXT CHECK (exception IN ('WX1', 'WX2', 'WX3', 'WX4', 'WX5')),
    kept_until INTEGER,
    PRIMARY KEY (withdrawal, organisation),
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK (COALESCE(answer = 'kept', 0) = (exception IS NOT NULL) AND (exception IS NULL) = (kept_until IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawal_holders_by_organisation ON withdrawal_holders (organisation, withdrawal);
