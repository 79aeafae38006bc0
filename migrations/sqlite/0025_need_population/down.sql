ALTER TABLE needs DROP COLUMN population;
