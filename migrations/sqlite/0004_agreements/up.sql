-- Data-sharing agreements: the exact bytes the parties sign, who signed, and where each version stands.
CREATE TABLE agreements (
    id TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 9999),
    digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 43),
    document BLOB NOT NULL,
    drafted_by TEXT NOT NULL REFERENCES organisations (id),
    valid_from INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    review_months INTEGER NOT NULL,
    grace_days INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (
        state IN ('draft', 'offered', 'signed', 'in_force', 'suspended', 'terminated', 'expired', 'superseded')
    ),
    since INTEGER,
    in_force_since INTEGER,
    reviewed_at INTEGER,
    reason TEXT,
    suspended_by TEXT,
    notice_until INTEGER,
    superseded_by INTEGER,
    stopped_flows TEXT NOT NULL,
    row_version INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (id, version),
    CHECK ((state = 'draft') = (since IS NULL)),
    CHECK ((state IN ('in_force', 'suspended')) = (in_force_since IS NOT NULL AND reviewed_at IS NOT NULL)),
    CHECK ((state = 'suspended') = (reason IS NOT NULL)),
    CHECK (suspended_by IS NULL OR state = 'suspended'),
    CHECK (notice_until IS NULL OR state = 'terminated'),
    CHECK ((state = 'superseded') = (superseded_by IS NOT NULL))
) STRICT;
CREATE INDEX agreements_due ON agreements (state, valid_from, valid_until);

CREATE TABLE agreement_parties (
    agreement TEXT NOT NULL,
    version INTEGER NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (organisation, agreement, version),
    FOREIGN KEY (agreement, version) REFERENCES agreements (id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX agreement_parties_by_agreement ON agreement_parties (agreement, version);

CREATE TABLE agreement_flows (
    agreement TEXT NOT NULL,
    version INTEGER NOT NULL,
    discloses TEXT NOT NULL,
    receives TEXT NOT NULL,
    PRIMARY KEY (discloses, receives, agreement, version),
    FOREIGN KEY (agreement, version) REFERENCES agreements (id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX agreement_flows_by_agreement ON agreement_flows (agreement, version);

CREATE TABLE agreement_signatures (
    agreement TEXT NOT NULL,
    version INTEGER NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    kid TEXT NOT NULL,
    token TEXT NOT NULL,
    signatory TEXT NOT NULL,
    office TEXT NOT NULL,
    authority TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (agreement, version, organisation),
    FOREIGN KEY (agreement, version) REFERENCES agreements (id, version)
) STRICT, WITHOUT ROWID;
