-- Packets as the hub keeps them: the envelope as evidence, the ciphertext beside it so that it can be deleted, and who had it when.
CREATE TABLE packets (
    id TEXT NOT NULL PRIMARY KEY,
    issuer TEXT NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL CHECK (kind IN ('referral', 'update', 'reply', 'withdraw')),
    referral TEXT NOT NULL,
    envelope TEXT NOT NULL,
    envelope_digest TEXT NOT NULL UNIQUE,
    manifest_digest TEXT NOT NULL,
    receipt TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    purge_at INTEGER,
    purged_at INTEGER,
    audit_id TEXT NOT NULL,
    CHECK ((purge_at IS NULL) = (purged_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX packets_by_referral ON packets (referral);
CREATE INDEX packets_to_purge ON packets (purge_at) WHERE purge_at IS NOT NULL;

CREATE TABLE packet_bodies (
    packet TEXT NOT NULL PRIMARY KEY REFERENCES packets (id),
    body BLOB NOT NULL
) STRICT;

CREATE TABLE packet_recipients (
    packet TEXT NOT NULL REFERENCES packets (id),
    organisation TEXT NOT NULL REFERENCES organisations (id),
    sender TEXT NOT NULL,
    day INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    delivered_at INTEGER,
    answered_at INTEGER,
    answer TEXT CHECK (answer IN ('opened', 'violation')),
    receipt TEXT,
    PRIMARY KEY (packet, organisation),
    CHECK ((answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (receipt IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX packet_recipients_by_day ON packet_recipients (sender, organisation, day, ordinal);
CREATE INDEX packet_recipients_waiting ON packet_recipients (organisation, packet) WHERE delivered_at IS NULL;
