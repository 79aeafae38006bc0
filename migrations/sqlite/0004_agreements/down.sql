-- Takes back the tables of this folder's up.sql.
DROP TABLE agreement_signatures;
DROP TABLE agreement_flows;
DROP TABLE agreement_parties;
DROP TABLE agreements;
