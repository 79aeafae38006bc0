-- Takes the order, the links and the folded names away; the rows stay.
DROP INDEX services_by_row_id;
DROP INDEX services_by_place;
ALTER TABLE services DROP COLUMN row_id;
ALTER TABLE services DROP COLUMN place;
DROP TABLE directory_links;
DROP INDEX directory_rows_by_id;
DROP INDEX directory_rows_by_place;
ALTER TABLE directory_rows DROP COLUMN place;
ALTER TABLE directory_rows DROP COLUMN folded;
