-- What the directory is searched in: the words of each service, words that look alike, and where services are. The same on every engine,
-- so that the same query finds the same. `searched` 0: not entered in these tables as it is now; the job `directory` does it.
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
CREATE TABLE directory_trigrams (
    trigram TEXT NOT NULL,
    letters INTEGER NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (trigram, letters, word)
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

ALTER TABLE services ADD COLUMN searched INTEGER NOT NULL DEFAULT 0;
ALTER TABLE services DROP COLUMN folded;
CREATE INDEX services_by_searched ON services (searched) WHERE searched = 0;
