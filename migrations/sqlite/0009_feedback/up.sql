-- How the person a referral is about reaches it without an account, and what they say about the service. No row ties the two together.
CREATE TABLE person_keys (
    code TEXT NOT NULL PRIMARY KEY,
    pin TEXT NOT NULL,
    referral TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL REFERENCES organisations (id),
    service TEXT NOT NULL,
    until INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    paused_until INTEGER,
    rated INTEGER NOT NULL CHECK (rated IN (0, 1)),
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX person_keys_by_end ON person_keys (until);

CREATE TABLE ratings (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL REFERENCES organisations (id),
    service TEXT NOT NULL,
    quarter TEXT NOT NULL CHECK (length(quarter) = 7),
    reached INTEGER CHECK (reached IN (0, 1)),
    in_time INTEGER CHECK (in_time IN (0, 1)),
    respectful INTEGER CHECK (respectful IN (0, 1)),
    clear INTEGER CHECK (clear IN (0, 1)),
    asked INTEGER CHECK (asked IN (0, 1)),
    need_met INTEGER CHECK (need_met BETWEEN 1 AND 5)
) STRICT, WITHOUT ROWID;
CREATE INDEX ratings_by_service ON ratings (provider, service, quarter);
