-- Takes the end of the ledger away; what was forgotten stays forgotten.
CREATE OR REPLACE FUNCTION referral_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only';
END
$$;
DROP TABLE past_disclosures;
DROP TABLE forgotten_referrals;
DROP TABLE referral_ends;
