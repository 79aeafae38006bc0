-- Names of people who were removed are free again, and an organisation that lost its root key can have another.
ALTER TABLE staff DROP CONSTRAINT staff_name_key;
CREATE UNIQUE INDEX staff_names ON staff (name) WHERE removed_at IS NULL;

CREATE TABLE former_roots (
    kid TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    jwk TEXT NOT NULL,
    last_seq BIGINT NOT NULL,
    replaced_at BIGINT NOT NULL,
    audit_id TEXT NOT NULL
);
CREATE INDEX former_roots_by_organisation ON former_roots (organisation);
