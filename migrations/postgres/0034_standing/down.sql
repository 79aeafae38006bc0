-- What is suspended or archived stays inactive until it is verified or imported again; the decisions about that are forgotten.
DELETE FROM directory_decisions WHERE state NOT IN ('approved', 'rejected');
ALTER TABLE directory_decisions DROP CONSTRAINT directory_decisions_state_check;
ALTER TABLE directory_decisions ADD CONSTRAINT directory_decisions_state_check CHECK (state IN ('approved', 'rejected'));
ALTER TABLE services DROP COLUMN standing;
