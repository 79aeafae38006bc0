-- Organisations without services are listed for those who may see a service of their source: whether there is one is asked for each.
DROP INDEX services_by_source;
CREATE INDEX services_by_source ON services (source, visibility, standing);
