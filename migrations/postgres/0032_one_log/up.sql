-- The log of fields says what the log of digests said, and more; nothing reads this one.
DROP TABLE directory_changes;
