-- The index that was there before.
DROP INDEX services_by_source;
CREATE INDEX services_by_source ON services (source);
