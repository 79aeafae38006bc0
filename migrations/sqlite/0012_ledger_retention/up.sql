-- The ledger of a referral goes when its time is over: since when it has ended, that it was forgotten, and the record of disclosures that outlives it.
CREATE TABLE referral_ends (
    referral TEXT NOT NULL PRIMARY KEY REFERENCES referrals (id),
    ended_at INTEGER NOT NULL,
    forgotten_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX referral_ends_by_end ON referral_ends (ended_at, referral);
INSERT INTO referral_ends (referral, ended_at)
SELECT id, COALESCE(
    (SELECT MIN(e.recorded_at) FROM referral_events e WHERE e.referral = r.id AND e.loop_state <> 'open'), r.changed_at)
FROM referrals r WHERE r.loop_state <> 'open';

CREATE TABLE forgotten_referrals (
    mark TEXT NOT NULL PRIMARY KEY CHECK (length(mark) = 43),
    at INTEGER NOT NULL,
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE past_disclosures (
    packet TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    facts TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX past_disclosures_by_subject ON past_disclosures (subject);
CREATE INDEX past_disclosures_by_end ON past_disclosures (until);

-- An event goes only with its whole referral, and only when that one has ended and is being forgotten.
DROP TRIGGER referral_events_no_delete;
CREATE TRIGGER referral_events_no_delete BEFORE DELETE ON referral_events
WHEN NOT EXISTS (SELECT 1 FROM referral_ends e WHERE e.referral = OLD.referral AND e.forgotten_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
