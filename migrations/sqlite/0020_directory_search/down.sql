-- Takes the search tables away; the folded texts come back with the next import.
DROP INDEX services_by_searched;
ALTER TABLE services DROP COLUMN searched;
ALTER TABLE services ADD COLUMN folded TEXT NOT NULL DEFAULT '';
DROP TABLE directory_places;
DROP TABLE directory_trigrams;
DROP TABLE directory_vocabulary;
DROP TABLE directory_words;
