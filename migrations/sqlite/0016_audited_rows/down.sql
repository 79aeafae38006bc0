-- Takes the names of the entries and the outcomes of jobs away.
ALTER TABLE job_runs DROP COLUMN outcome;
ALTER TABLE withdrawal_holders DROP COLUMN audit_id;
ALTER TABLE organisation_keys DROP COLUMN audit_id;
