-- Rows of the directory in one order that only grows, which rows name which others, and the row that a service stands for.
-- A place of 0: not entered in this order and in the links yet, nor folded; the job `directory` does it.
ALTER TABLE directory_rows ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
ALTER TABLE directory_rows ADD COLUMN folded TEXT NOT NULL DEFAULT '';
CREATE INDEX directory_rows_by_place ON directory_rows (tbl, place);
CREATE INDEX directory_rows_by_id ON directory_rows (id, tbl, place);
CREATE TABLE directory_links (
    parent TEXT NOT NULL,
    tbl TEXT NOT NULL,
    via TEXT NOT NULL,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (parent, tbl, via, id, source)
);
CREATE INDEX directory_links_by_id ON directory_links (id);
CREATE INDEX directory_links_by_source ON directory_links (source);

ALTER TABLE services ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
ALTER TABLE services ADD COLUMN row_id TEXT NOT NULL DEFAULT '';
UPDATE services SET row_id = substr(id, 5, 8) || '-' || substr(id, 13, 4) || '-' || substr(id, 17, 4) || '-' || substr(id, 21, 4) || '-' || substr(id, 25);
CREATE INDEX services_by_place ON services (place);
CREATE INDEX services_by_row_id ON services (row_id);
