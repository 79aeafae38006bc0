-- What providers want their entries to say, what was decided about it, and what was corrected in what sources give.
CREATE TABLE directory_drafts (
    service TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'rejected')),
    body TEXT NOT NULL,
    of_digest TEXT NOT NULL,
    reason TEXT,
    version INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_drafts_by_organisation ON directory_drafts (organisation, updated_at, service);
CREATE INDEX directory_drafts_by_state ON directory_drafts (state, updated_at, service);
CREATE TABLE directory_decisions (
    service TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('approved', 'rejected')),
    criteria TEXT NOT NULL,
    reason TEXT,
    decided_by TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (service, at, audit_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE directory_overrides (
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    id TEXT NOT NULL,
    service TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('cells', 'replaced', 'left_out', 'added')),
    cells TEXT NOT NULL,
    at INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (source, tbl, id)
) STRICT, WITHOUT ROWID;
