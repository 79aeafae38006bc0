-- Takes back the tables of this folder's up.sql.
DROP TABLE needs;
DROP TABLE referral_timers;
DROP TABLE referral_events;
DROP TABLE referrals;
DROP FUNCTION referral_events_append_only;
