-- What changed in the directory field by field, and what people met who went by an entry. Entries that do not fit what people met are flagged.
CREATE TABLE directory_field_changes (
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    id TEXT NOT NULL,
    field TEXT NOT NULL,
    at INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (id, at, tbl, field, audit_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_field_changes_by_source ON directory_field_changes (source);

CREATE TABLE directory_reports (
    service TEXT NOT NULL,
    organisation TEXT NOT NULL,
    day INTEGER NOT NULL,
    met TEXT NOT NULL CHECK (met IN ('reached', 'unreachable', 'refused', 'closed', 'wrong_information')),
    at INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (service, organisation, day)
) STRICT, WITHOUT ROWID;
ALTER TABLE services ADD COLUMN mismatches INTEGER NOT NULL DEFAULT 0;
ALTER TABLE services ADD COLUMN flagged_at INTEGER;
CREATE INDEX services_by_mismatches ON services (mismatches, id) WHERE mismatches > 0;
