-- Who takes part: organisations, their people, machines and sessions, and the chain of statements about their keys.
CREATE TABLE organisations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('government', 'ngo', 'international', 'community', 'private')),
    country TEXT NOT NULL CHECK (length(country) = 2),
    roles TEXT NOT NULL,
    enforcement SMALLINT NOT NULL CHECK (enforcement IN (0, 1)),
    authority_of TEXT CHECK (length(authority_of) = 2),
    standing TEXT NOT NULL CHECK (standing IN ('active', 'suspended')),
    root_kid TEXT NOT NULL UNIQUE,
    root_jwk TEXT NOT NULL,
    enrolled_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    audit_id TEXT NOT NULL
);

CREATE TABLE staff (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT REFERENCES organisations (id),
    name TEXT NOT NULL UNIQUE,
    roles TEXT NOT NULL,
    passphrase TEXT,
    enrolment TEXT UNIQUE,
    enrolment_until BIGINT,
    tries INTEGER NOT NULL,
    paused_until BIGINT,
    removed_at BIGINT,
    audit_id TEXT NOT NULL,
    CHECK ((enrolment IS NULL) = (enrolment_until IS NULL))
);
CREATE INDEX staff_by_organisation ON staff (organisation);

CREATE TABLE sessions (
    token TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    seen BIGINT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX sessions_by_staff ON sessions (staff);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    kid TEXT NOT NULL UNIQUE,
    jwk TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    revoked_at BIGINT,
    audit_id TEXT NOT NULL
);
CREATE INDEX clients_by_organisation ON clients (organisation);

CREATE TABLE key_statements (
    organisation TEXT NOT NULL REFERENCES organisations (id),
    seq BIGINT NOT NULL,
    digest TEXT NOT NULL,
    statement TEXT NOT NULL,
    at BIGINT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (organisation, seq)
);

CREATE TABLE organisation_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    key_use TEXT NOT NULL CHECK (key_use IN ('sign', 'encrypt')),
    role TEXT NOT NULL,
    jwk TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('announced', 'active', 'retired', 'revoked')),
    valid_from BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    retired_at BIGINT,
    revoked_at BIGINT,
    compromised_at BIGINT,
    CHECK (state <> 'revoked' OR revoked_at IS NOT NULL),
    CHECK (state <> 'retired' OR retired_at IS NOT NULL)
);
CREATE INDEX organisation_keys_by_organisation ON organisation_keys (organisation);
