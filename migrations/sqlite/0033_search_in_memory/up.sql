-- Searches run in memory: one row of each service holds what it is found by, instead of many rows in seven tables. Each change of a
-- service leaves a number that rises, also when it is deleted, so that memory knows what it has not read yet; whoever writes, the triggers
-- see to it.
DROP TABLE directory_words;
DROP TABLE directory_places;
DROP TABLE directory_terms;
DROP TABLE directory_facets;
DROP TABLE directory_hours;
DROP TABLE directory_vocabulary;
DROP TABLE directory_vocabulary_mark;
CREATE TABLE directory_entered (
    service TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE directory_touched (
    service TEXT NOT NULL PRIMARY KEY,
    touched INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_touched_last ON directory_touched (touched);
UPDATE services SET searched = 0;
CREATE TRIGGER services_inserted AFTER INSERT ON services BEGIN
    INSERT INTO directory_touched (service, touched)
        SELECT NEW.id, COALESCE(MAX(touched), 0) + 1 FROM directory_touched WHERE true
        ON CONFLICT (service) DO UPDATE SET touched = excluded.touched;
END;
CREATE TRIGGER services_updated AFTER UPDATE ON services BEGIN
    INSERT INTO directory_touched (service, touched)
        SELECT NEW.id, COALESCE(MAX(touched), 0) + 1 FROM directory_touched WHERE true
        ON CONFLICT (service) DO UPDATE SET touched = excluded.touched;
END;
CREATE TRIGGER services_deleted AFTER DELETE ON services BEGIN
    INSERT INTO directory_touched (service, touched)
        SELECT OLD.id, COALESCE(MAX(touched), 0) + 1 FROM directory_touched WHERE true
        ON CONFLICT (service) DO UPDATE SET touched = excluded.touched;
END;
