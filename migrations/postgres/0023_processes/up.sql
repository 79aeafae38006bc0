-- The processes that serve from this database and the policy each judges by, so that one which judges by another one is found.
CREATE TABLE processes (
    id TEXT NOT NULL PRIMARY KEY,
    policy TEXT NOT NULL,
    leased_until BIGINT NOT NULL
);
