-- Takes away whose consent it was.
ALTER TABLE past_disclosures DROP COLUMN passed_on_for;
ALTER TABLE referral_ends DROP COLUMN passed_on_for;
