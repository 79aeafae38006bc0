-- Sessions end, and people sign in again.
DROP TABLE sessions;
CREATE TABLE sessions (
    token TEXT NOT NULL PRIMARY KEY,
    staff TEXT NOT NULL REFERENCES staff (id),
    seen BIGINT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX sessions_by_staff ON sessions (staff);
