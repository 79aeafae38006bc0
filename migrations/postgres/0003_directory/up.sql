-- The referral directory: rows of imported packages as they came, and the services that people search and refer to.
CREATE TABLE directory_rows (
    source TEXT NOT NULL,
    tbl TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (source, tbl, id)
);

CREATE TABLE services (
    id TEXT NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'defunct', 'temporarily_closed')),
    visibility TEXT NOT NULL CHECK (visibility IN ('public', 'members', 'restricted')),
    member TEXT REFERENCES organisations (id),
    service_code TEXT,
    area TEXT,
    availability TEXT NOT NULL CHECK (availability IN ('open', 'waitlist', 'full', 'unknown')),
    sort_key TEXT NOT NULL,
    folded TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    audit_id TEXT NOT NULL
);
CREATE INDEX services_by_sort_key ON services (sort_key);
CREATE INDEX services_by_offer ON services (member, service_code);
CREATE INDEX services_by_source ON services (source);
