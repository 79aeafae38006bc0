-- What changed in the directory field by field, and what people met who went by an entry. Entries that do not fit what people met are flagged.
CREATE TABLE directory_field_changes (
    source TEXT NOT NULL,
    tbl TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    field TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (id, at, tbl, field, audit_id)
);
CREATE INDEX directory_field_changes_by_source ON directory_field_changes (source);

CREATE TABLE directory_reports (
    service TEXT NOT NULL,
    organisation TEXT NOT NULL,
    day BIGINT NOT NULL,
    met TEXT NOT NULL CHECK (met IN ('reached', 'unreachable', 'refused', 'closed', 'wrong_information')),
    at BIGINT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (service, organisation, day)
);
ALTER TABLE services ADD COLUMN mismatches BIGINT NOT NULL DEFAULT 0;
ALTER TABLE services ADD COLUMN flagged_at BIGINT;
CREATE INDEX services_by_mismatches ON services (mismatches, id) WHERE mismatches > 0;
