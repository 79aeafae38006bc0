-- Takes the log of fields and what people reported away.
DROP INDEX services_by_mismatches;
ALTER TABLE services DROP COLUMN flagged_at;
ALTER TABLE services DROP COLUMN mismatches;
DROP TABLE directory_reports;
DROP TABLE directory_field_changes;
