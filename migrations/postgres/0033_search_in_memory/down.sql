-- The tables that searches ran in, empty: the job `directory` enters the services in them again.
DROP TRIGGER services_touched ON services;
DROP FUNCTION services_touched();
DROP FUNCTION directory_floor();
DROP FUNCTION directory_ceiling();
DROP TABLE directory_touched;
DROP TABLE directory_entered;
CREATE TABLE directory_words (
    word TEXT COLLATE "C" NOT NULL,
    service TEXT NOT NULL,
    weight BIGINT NOT NULL,
    PRIMARY KEY (word, service)
);
CREATE INDEX directory_words_by_service ON directory_words (service);
CREATE TABLE directory_vocabulary (
    word TEXT COLLATE "C" NOT NULL PRIMARY KEY
);
CREATE TABLE directory_places (
    place TEXT NOT NULL,
    service TEXT NOT NULL,
    x DOUBLE PRECISION NOT NULL,
    y DOUBLE PRECISION NOT NULL,
    z DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (place, service)
);
CREATE INDEX directory_places_by_service ON directory_places (service);
CREATE INDEX directory_places_in_space ON directory_places (z, x, y);
CREATE TABLE directory_terms (
    service TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE TABLE directory_facets (
    facet TEXT NOT NULL,
    value TEXT NOT NULL,
    service TEXT NOT NULL,
    PRIMARY KEY (facet, value, service)
);
CREATE INDEX directory_facets_by_service ON directory_facets (service);
CREATE TABLE directory_vocabulary_mark (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    mark BIGINT NOT NULL
);
CREATE TABLE directory_hours (
    service TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
UPDATE services SET searched = 0;
