-- Without them a passphrase alone opens again, for everybody.
DROP TABLE half_sessions;
DROP TABLE recovery_codes;
DROP TABLE factor_apps;
