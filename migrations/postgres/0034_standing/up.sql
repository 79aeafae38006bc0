-- Whether those who keep the directory list an entry: it can be suspended, archived and taken up again, by the inclusion criteria.
ALTER TABLE services ADD COLUMN standing TEXT NOT NULL DEFAULT 'listed' CHECK (standing IN ('listed', 'suspended', 'archived'));
ALTER TABLE directory_decisions DROP CONSTRAINT directory_decisions_state_check;
ALTER TABLE directory_decisions ADD CONSTRAINT directory_decisions_state_check CHECK (state IN ('approved', 'rejected', 'listed', 'suspended', 'archived'));
