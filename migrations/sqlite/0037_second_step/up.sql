-- A second step when people sign in: what their app shares with the hub, sealed; digests of recovery codes; and who stands between the steps.
CREATE TABLE factor_apps (
    staff TEXT NOT NULL PRIMARY KEY REFERENCES staff (id),
    sealed TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL,
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    digest TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_codes_by_staff ON recovery_codes (staff);

CREATE TABLE half_sessions (
    token TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX half_sessions_by_staff ON half_sessions (staff);
