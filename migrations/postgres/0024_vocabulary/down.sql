-- Brings the table of parts back, empty; everything is entered anew.
DROP TABLE directory_vocabulary_mark;
CREATE TABLE directory_trigrams (
    trigram TEXT COLLATE "C" NOT NULL,
    letters BIGINT NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (trigram, letters, word)
);
DELETE FROM directory_vocabulary;
UPDATE services SET searched = 0;
