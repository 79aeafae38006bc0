-- Keys of people, wrapped so that the hub can open none of them, and what organisations keep at the hub sealed to themselves.
CREATE TABLE member_keys (
    staff TEXT NOT NULL PRIMARY KEY REFERENCES staff (id),
    organisation TEXT NOT NULL REFERENCES organisations (id),
    kid TEXT NOT NULL UNIQUE,
    jwk TEXT NOT NULL,
    passphrase TEXT NOT NULL,
    recovery TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    audit_id TEXT NOT NULL
);
CREATE INDEX member_keys_by_organisation ON member_keys (organisation);

CREATE TABLE device_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    organisation TEXT NOT NULL REFERENCES organisations (id),
    jwk TEXT NOT NULL,
    name TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    given_up_at BIGINT,
    audit_id TEXT NOT NULL
);
CREATE INDEX device_keys_by_staff ON device_keys (staff);
CREATE INDEX device_keys_by_organisation ON device_keys (organisation);

CREATE TABLE keyrings (
    member TEXT NOT NULL,
    kid TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    role TEXT NOT NULL,
    token TEXT NOT NULL,
    at BIGINT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (member, kid)
);
CREATE INDEX keyrings_by_organisation ON keyrings (organisation);

CREATE TABLE kept_papers (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL CHECK (kind IN ('consent', 'case')),
    kid TEXT NOT NULL,
    sealed TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    audit_id TEXT NOT NULL
);
CREATE INDEX kept_papers_by_organisation ON kept_papers (organisation, kind, id);
