-- A session has an id by which whoever it belongs to can end it, and the moment it began. Those there are end, and people sign in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    token TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    staff TEXT NOT NULL REFERENCES staff (id),
    since INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_staff ON sessions (staff);
