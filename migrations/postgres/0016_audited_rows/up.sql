-- Keys and the answers of holders name the entry of the log that made them what they are, and a job says how it ended. Rows of before name none.
ALTER TABLE organisation_keys ADD COLUMN audit_id TEXT;
ALTER TABLE withdrawal_holders ADD COLUMN audit_id TEXT;
ALTER TABLE job_runs ADD COLUMN outcome TEXT CHECK (outcome IN ('done', 'failed'));
