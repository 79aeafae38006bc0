-- What keeps the directory true: what a provider says of its room runs out, and how and when entries were verified is kept.
ALTER TABLE services ADD COLUMN takes TEXT NOT NULL DEFAULT 'unknown' CHECK (takes IN ('open', 'waitlist', 'full', 'assessment', 'unknown'));
UPDATE services SET takes = availability;
ALTER TABLE services DROP COLUMN availability;
ALTER TABLE services RENAME COLUMN takes TO availability;
ALTER TABLE services ADD COLUMN availability_note TEXT;
ALTER TABLE services ADD COLUMN availability_places INTEGER;
ALTER TABLE services ADD COLUMN availability_until INTEGER;
-- Which reminder the provider had: 0 none, 1 that it is due soon, 2 that it is over.
ALTER TABLE services ADD COLUMN availability_told INTEGER NOT NULL DEFAULT 0 CHECK (availability_told IN (0, 1, 2));
ALTER TABLE services ADD COLUMN verified_at INTEGER;
ALTER TABLE services ADD COLUMN verify_by INTEGER;
ALTER TABLE services ADD COLUMN verify_told INTEGER NOT NULL DEFAULT 0 CHECK (verify_told IN (0, 1, 2));
-- Since when a verification found it closed; imports do not open it again.
ALTER TABLE services ADD COLUMN closed_at INTEGER;
-- What an earlier release was told has no end: thirty days from the last change.
UPDATE services SET availability_until = updated_at + 2592000000000 WHERE availability <> 'unknown';
CREATE INDEX services_by_availability_until ON services (availability_until) WHERE member IS NOT NULL AND availability_told < 2;
CREATE INDEX services_by_verify_by ON services (verify_by) WHERE member IS NOT NULL AND verify_told < 2;

CREATE TABLE directory_verifications (
    service TEXT NOT NULL,
    version INTEGER NOT NULL,
    method TEXT NOT NULL CHECK (method IN ('telephone', 'visit', 'email', 'provider_update', 'document', 'import')),
    outcome TEXT NOT NULL CHECK (outcome IN ('confirmed', 'corrected', 'unreachable', 'closed')),
    fields TEXT NOT NULL,
    verified_by TEXT NOT NULL,
    organisation TEXT,
    at INTEGER NOT NULL,
    next_due INTEGER,
    entered_at INTEGER NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (service, version)
) STRICT, WITHOUT ROWID;
