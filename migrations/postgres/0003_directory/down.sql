-- Takes back the tables of this folder's up.sql.
DROP TABLE services;
DROP TABLE directory_rows;
