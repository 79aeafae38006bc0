-- The tables that searches ran in, empty: the job `directory` enters the services in them again.
DROP TRIGGER services_inserted;
DROP TRIGGER services_updated;
DROP TRIGGER services_deleted;
DROP TABLE directory_touched;
DROP TABLE directory_entered;
CREATE TABLE directory_words (
    word TEXT NOT NULL,
    service TEXT NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (word, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_words_by_service ON directory_words (service);
CREATE TABLE directory_vocabulary (
    word TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE directory_places (
    place TEXT NOT NULL,
    service TEXT NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL,
    z REAL NOT NULL,
    PRIMARY KEY (place, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_places_by_service ON directory_places (service);
CREATE INDEX directory_places_in_space ON directory_places (z, x, y);
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
CREATE TABLE directory_vocabulary_mark (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mark INTEGER NOT NULL
) STRICT;
CREATE TABLE directory_hours (
    service TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
UPDATE services SET searched = 0;
