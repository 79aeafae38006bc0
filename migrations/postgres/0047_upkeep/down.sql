-- What is due is read by looking at all of it again.
DROP INDEX referrals_late_by_recipient;
DROP INDEX services_by_due;
