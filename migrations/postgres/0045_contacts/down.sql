-- Whom one calls is forgotten.
DROP TABLE directory_contacts;
