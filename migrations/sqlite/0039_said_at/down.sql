-- An earlier release knows no days: entered, or not.
UPDATE services SET searched = 1 WHERE searched > 1;
ALTER TABLE directory_rows DROP COLUMN said_at;
