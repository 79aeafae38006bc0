-- Whether those who keep the directory list an entry: it can be suspended, archived and taken up again, by the inclusion criteria.
ALTER TABLE services ADD COLUMN standing TEXT NOT NULL DEFAULT 'listed' CHECK (standing IN ('listed', 'suspended', 'archived'));
CREATE TABLE directory_decisions_new (
    service TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('approved', 'rejected', 'listed', 'suspended', 'archived')),
    criteria TEXT NOT NULL,
    reason TEXT,
    decided_by TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (service, at, audit_id)
) STRICT, WITHOUT ROWID;
INSERT INTO directory_decisions_new SELECT service, at, state, criteria, reason, decided_by, audit_id FROM directory_decisions;
DROP TABLE directory_decisions;
ALTER TABLE directory_decisions_new RENAME TO directory_decisions;
