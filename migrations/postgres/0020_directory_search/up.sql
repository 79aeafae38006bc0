-- What the directory is searched in: the words of each service, words that look alike, and where services are. The same on every engine,
-- so that the same query finds the same. `searched` 0: not entered in these tables as it is now; the job `directory` does it.
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
CREATE TABLE directory_trigrams (
    trigram TEXT COLLATE "C" NOT NULL,
    letters BIGINT NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (trigram, letters, word)
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

ALTER TABLE services ADD COLUMN searched BIGINT NOT NULL DEFAULT 0;
ALTER TABLE services DROP COLUMN folded;
CREATE INDEX services_by_searched ON services (searched) WHERE searched = 0;
