-- What is suspended or archived stays inactive until it is verified or imported again; the decisions about that are forgotten.
CREATE TABLE directory_decisions_new (
    service TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('approved', 'rejected')),
    criteria TEXT NOT NULL,
    reason TEXT,
    decided_by TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (service, at, audit_id)
) STRICT, WITHOUT ROWID;
INSERT INTO directory_decisions_new SELECT service, at, state, criteria, reason, decided_by, audit_id FROM directory_decisions WHERE state IN ('approved', 'rejected');
DROP TABLE directory_decisions;
ALTER TABLE directory_decisions_new RENAME TO directory_decisions;
ALTER TABLE services DROP COLUMN standing;
