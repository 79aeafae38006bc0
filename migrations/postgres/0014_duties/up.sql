-- Whoever was asked to destroy data is asked again when an exception has ended; and after the end of a referral it must answer as after a withdrawal.
ALTER TABLE withdrawal_holders ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE withdrawal_holders ADD COLUMN rounds SMALLINT NOT NULL DEFAULT 0;
UPDATE withdrawal_holders SET asked_at = (SELECT w.withdrawn_at FROM withdrawals w WHERE w.id = withdrawal_holders.withdrawal);
CREATE INDEX withdrawal_holders_by_end ON withdrawal_holders (kept_until) WHERE kept_until IS NOT NULL;

CREATE TABLE destructions (
    referral TEXT NOT NULL PRIMARY KEY,
    sender TEXT NOT NULL REFERENCES organisations (id),
    recipient TEXT NOT NULL REFERENCES organisations (id),
    asked_at BIGINT NOT NULL,
    rounds SMALLINT NOT NULL,
    due_at BIGINT NOT NULL,
    acknowledged_at BIGINT,
    escalated_at BIGINT,
    answered_at BIGINT,
    answer TEXT CHECK (answer IN ('destroyed', 'kept')),
    exception TEXT CHECK (exception IN ('WX1', 'WX2', 'WX3', 'WX4', 'WX5')),
    kept_until BIGINT,
    version BIGINT NOT NULL,
    audit_id TEXT NOT NULL,
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK (COALESCE(answer = 'kept', FALSE) = (exception IS NOT NULL) AND (exception IS NULL) = (kept_until IS NULL))
);
CREATE INDEX destructions_by_sender ON destructions (sender, referral);
CREATE INDEX destructions_by_recipient ON destructions (recipient, referral);
CREATE INDEX destructions_unanswered ON destructions (due_at) WHERE answered_at IS NULL;
CREATE INDEX destructions_by_end ON destructions (kept_until) WHERE kept_until IS NOT NULL;
