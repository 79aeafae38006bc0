-- Takes verifications and expiry away. What needs an assessment first is unknown to the release before.
DROP TABLE directory_verifications;
DROP INDEX services_by_verify_by;
DROP INDEX services_by_availability_until;
ALTER TABLE services DROP COLUMN closed_at;
ALTER TABLE services DROP COLUMN verify_told;
ALTER TABLE services DROP COLUMN verify_by;
ALTER TABLE services DROP COLUMN verified_at;
ALTER TABLE services DROP COLUMN availability_told;
ALTER TABLE services DROP COLUMN availability_until;
ALTER TABLE services DROP COLUMN availability_places;
ALTER TABLE services DROP COLUMN availability_note;
UPDATE services SET availability = 'unknown' WHERE availability = 'assessment';
ALTER TABLE services ADD COLUMN takes TEXT NOT NULL DEFAULT 'unknown' CHECK (takes IN ('open', 'waitlist', 'full', 'unknown'));
UPDATE services SET takes = availability;
ALTER TABLE services DROP COLUMN availability;
ALTER TABLE services RENAME COLUMN takes TO availability;
