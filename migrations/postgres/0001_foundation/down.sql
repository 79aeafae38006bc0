-- Takes back the tables of this folder's up.sql.
DROP TABLE job_runs;
DROP TABLE outbox_cursors;
DROP TABLE outbox;
DROP TABLE idempotency;
DROP TABLE audit_pending;
