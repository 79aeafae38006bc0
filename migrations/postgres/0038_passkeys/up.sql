-- Passkeys as a second step: the public halves, and what a browser was asked and has not answered yet.
CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    used_at BIGINT,
    audit_id TEXT NOT NULL
);
CREATE INDEX passkeys_by_staff ON passkeys (staff);

CREATE TABLE passkey_questions (
    subject TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    state TEXT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX passkey_questions_by_staff ON passkey_questions (staff);
