-- Who takes part: organisations, their people, machines and sessions, and the chain of statements about their keys.
CREATE TABLE organisations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('government', 'ngo', 'international', 'community', 'private')),
    country TEXT NOT NULL CHECK (length(country) = 2),
    roles TEXT NOT NULL,
    enforcement INTEGER NOT NULL CHECK (enforcement IN (0, 1)),
    authority_of TEXT CHECK (length(authority_of) = 2),
    standing TEXT NOT NULL CHECK (standing IN ('active', 'suspended')),
    root_kid TEXT NOT NULL UNIQUE,
    root_jwk TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff (
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
CREATE INDEX staff_by_organisation ON staff (organisation);

CREATE TABLE sessions (
    token TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    seen INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_staff ON sessions (staff);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    kid TEXT NOT NULL UNIQUE,
    jwk TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    revoked_at INTEGER,
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX clients_by_organisation ON clients (organisation);

CREATE TABLE key_statements (
    organisation TEXT NOT NULL REFERENCES organisations (id),
    seq INTEGER NOT NULL,
    digest TEXT NOT NULL,
    statement TEXT NOT NULL,
    at INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (organisation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE organisation_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    key_use TEXT NOT NULL CHECK (key_use IN ('sign', 'encrypt')),
    role TEXT NOT NULL,
    jwk TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('announced', 'active', 'retired', 'revoked')),
    valid_from INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    retired_at INTEGER,
    revoked_at INTEGER,
    compromised_at INTEGER,
    CHECK (state <> 'revoked' OR revoked_at IS NOT NULL),
    CHECK (state <> 'retired' OR retired_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX organisation_keys_by_organisation ON organisation_keys (organisation);
