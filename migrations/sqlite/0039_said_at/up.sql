-- Since when a source says what a row says: a code of an area means what it meant then. 0: since before this was kept.
ALTER TABLE directory_rows ADD COLUMN said_at INTEGER NOT NULL DEFAULT 0;
-- `searched` is from now on the day for which a service was entered, counted from 1970: areas begin and end, and then it is entered anew.
-- 1, what it was until now, is a day before any of them.
