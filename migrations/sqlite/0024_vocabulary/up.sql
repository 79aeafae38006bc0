-- Words that look alike are looked for in memory, many times as quick as by their parts; the mark says which words there are.
-- It is a sum over every word that came or went, so that memory knows when others are there.
DROP TABLE directory_trigrams;
CREATE TABLE directory_vocabulary_mark (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mark INTEGER NOT NULL
) STRICT;
