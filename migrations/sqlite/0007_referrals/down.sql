-- Takes back the tables of this folder's up.sql.
DROP TABLE needs;
DROP TABLE referral_timers;
DROP TABLE referral_events;
DROP TABLE referrals;
