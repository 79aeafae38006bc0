-- Takes back the tables of this folder's up.sql.
DROP TABLE ratings;
DROP TABLE person_keys;
