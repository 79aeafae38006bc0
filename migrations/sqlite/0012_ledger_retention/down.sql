-- Takes the end of the ledger away; what was forgotten stays forgotten.
DROP TRIGGER referral_events_no_delete;
CREATE TRIGGER referral_events_no_delete BEFORE DELETE ON referral_events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
DROP TABLE past_disclosures;
DROP TABLE forgotten_referrals;
DROP TABLE referral_ends;
