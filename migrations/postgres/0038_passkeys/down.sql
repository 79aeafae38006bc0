-- Whoever has nothing but a passkey signs in with the passphrase alone again.
DROP TABLE passkey_questions;
DROP TABLE passkeys;
