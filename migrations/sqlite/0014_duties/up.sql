-- Whoever was asked to destroy data is asked again when an exception has ended; and after the end of a referral it must answer as after a withdrawal.
ALTER TABLE withdrawal_holders ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE withdrawal_holders ADD COLUMN rounds INTEGER NOT NULL DEFAULT 0;
UPDATE withdrawal_holders SET asked_at = (SELECT w.withdrawn_at FROM withdrawals w WHERE w.id = withdrawal_holders.withdrawal);
CREATE INDEX withdrawal_holders_by_end ON withdrawal_holders (kept_until) WHERE kept_until IS NOT NULL;

CREATE TABLE destructions (
    referral TEXT NOT NULL PRIMARY KEY,
    sender TEXT NOT NULL REFERENCES organisations (id),
    recipient TEXT NOT NULL REFERENCES organisations (id),
    asked_at INTEGER NOT NULL,
    rounds INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    escalated_at INTEGER,
    answered_at INTEGER,
    answer TEXT CHECK (answer IN ('destroyed', 'kept')),
    exception TEXT CHECK (exception IN ('WX1', 'WX2', 'WX3', 'WX4', 'WX5')),
    kept_until INTEGER,
    version INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK (COALESCE(answer = 'kept', 0) = (exception IS NOT NULL) AND (exception IS NULL) = (kept_until IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX destructions_by_sender ON destructions (sender, referral);
CREATE INDEX destructions_by_recipient ON destructions (recipient, referral);
CREATE INDEX destructions_unanswered ON destructions (due_at) WHERE answered_at IS NULL;
CREATE INDEX destructions_by_end ON destructions (kept_until) WHERE kept_until IS NOT NULL;
