-- Takes the marks and the log of changes away; the entries stay.
DROP TABLE directory_changes;
ALTER TABLE services DROP COLUMN missing_since;
ALTER TABLE directory_rows DROP COLUMN missing_since;
