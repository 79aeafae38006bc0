-- Whom each service says it takes, and what else searches are narrowed by. Filled by the job `directory`, as words and places are.
CREATE TABLE directory_terms (
    service TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE directory_facets (
    facet TEXT NOT NULL,
    value TEXT NOT NULL,
    service TEXT NOT NULL,
    PRIMARY KEY (facet, value, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_facets_by_service ON directory_facets (service);

UPDATE services SET searched = 0;
