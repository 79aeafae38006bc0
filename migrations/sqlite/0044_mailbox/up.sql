-- What a person, by code and PIN, and an organisation of their referral leave for each other: which of a few sentences, never words. One row for each.
CREATE TABLE referral_notes (
    referral TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    author TEXT NOT NULL CHECK (author IN ('organisation', 'person')),
    kind TEXT NOT NULL,
    day TEXT,
    left_at INTEGER NOT NULL,
    read_at INTEGER,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (referral, organisation, author, kind),
    CHECK (day IS NULL OR author = 'organisation')
) STRICT, WITHOUT ROWID;
CREATE INDEX referral_notes_unread ON referral_notes (organisation, left_at) WHERE author = 'person' AND read_at IS NULL;
CREATE INDEX referral_notes_read ON referral_notes (read_at) WHERE read_at IS NOT NULL;
