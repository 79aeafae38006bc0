-- Whose consent something was passed on under, when the referral that it continued, or its own, is forgotten.
ALTER TABLE referral_ends ADD COLUMN passed_on_for TEXT;
ALTER TABLE past_disclosures ADD COLUMN passed_on_for TEXT;
