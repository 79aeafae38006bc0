-- Names of people who were removed are free again, and an organisation that lost its root key can have another.
-- SQLite cannot take a UNIQUE away, so the table is made anew; the sessions that hang on it end, and people sign in again.
DROP TABLE sessions;
CREATE TABLE staff_anew (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT REFERENCES organisations (id),
    name TEXT NOT NULL,
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
CREATE UNIQUE INDEX staff_names ON staff (name) WHERE removed_at IS NULL;
CREATE TABLE sessions (
    token TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    seen INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_staff ON sessions (staff);

CREATE TABLE former_roots (
    kid TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    jwk TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    replaced_at INTEGER NOT NULL,
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX former_roots_by_organisation ON former_roots (organisation);
