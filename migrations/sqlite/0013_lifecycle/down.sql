-- Takes former root keys away; every name is unique again.
DROP TABLE former_roots;
UPDATE staff SET name = name || ' ' || id WHERE removed_at IS NOT NULL;
DROP TABLE sessions;
CREATE TABLE staff_anew (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT REFERENCES organisations (id),
    name TEXT NOT NULL UNIQUE,
    roles TEXT NOT NULL,
    passphrase TEXT,
    enrolment TEXT UNIQUE,
    enrolment_until INTEGER,
    tries INTEGER NOT NULL,
    paused_until INTEGER,
    removed_at INTEGER,
    audit_id TEXT NOT NULL,
    CHECK ((enrolment IS NULL) = (enrolment_until IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO staff_anew
    SELECT id, organisation, name, roles, passphrase, enrolment, enrolment_until, tries, paused_until, removed_at, audit_id FROM staff;
DROP TABLE staff;
ALTER TABLE staff_anew RENAME TO staff;
CREATE INDEX staff_by_organisation ON staff (organisation);
CREATE TABLE sessions (
    token TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    seen INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_staff ON sessions (staff);
