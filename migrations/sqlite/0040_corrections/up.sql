-- What a person asked to have put right, by code and PIN: which kinds of thing, never what. One row for each organisation that must answer.
CREATE TABLE corrections (
    id TEXT NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    referral TEXT NOT NULL,
    kinds TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    escalated_at INTEGER,
    answered_at INTEGER,
    answer TEXT CHECK (answer IN ('put_right', 'not_reached', 'disputed')),
    version INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (id, organisation),
    CHECK ((answer IS NULL) = (answered_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX corrections_by_referral ON corrections (referral);
CREATE INDEX corrections_by_organisation ON corrections (organisation, id);
CREATE INDEX corrections_unanswered ON corrections (due_at) WHERE answered_at IS NULL AND escalated_at IS NULL;
