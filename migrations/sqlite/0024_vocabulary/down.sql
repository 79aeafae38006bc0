-- Brings the table of parts back, empty; everything is entered anew.
DROP TABLE directory_vocabulary_mark;
CREATE TABLE directory_trigrams (
    trigram TEXT NOT NULL,
    letters INTEGER NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (trigram, letters, word)
) STRICT, WITHOUT ROWID;
DELETE FROM directory_vocabulary;
UPDATE services SET searched = 0;
