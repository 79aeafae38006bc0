-- The entry's requirements still say it.
ALTER TABLE services DROP COLUMN reporting;
