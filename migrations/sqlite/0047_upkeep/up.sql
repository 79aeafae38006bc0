-- What has to be verified, and what an organisation received and let pass its time, are read by what is due longest.
CREATE INDEX services_by_due ON services (
    (CASE WHEN verified_at IS NULL THEN 9223372036854775807 ELSE COALESCE(verify_by, verified_at + 7776000000000) END),
    id
) WHERE missing_since IS NULL;
CREATE INDEX referrals_late_by_recipient ON referrals (recipient, overdue_since, next_due, id);
