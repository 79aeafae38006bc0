DROP INDEX referrals_late_by_recipient;
DROP INDEX services_by_due;
