-- Takes back the tables of this folder's up.sql.
DROP TABLE organisation_keys;
DROP TABLE key_statements;
DROP TABLE clients;
DROP TABLE sessions;
DROP TABLE staff;
DROP TABLE organisations;
