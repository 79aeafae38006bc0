-- Takes away when a holder was asked, and what recipients owe after the end of a referral.
DROP TABLE destructions;
DROP INDEX withdrawal_holders_by_end;
ALTER TABLE withdrawal_holders DROP COLUMN rounds;
ALTER TABLE withdrawal_holders DROP COLUMN asked_at;
