-- Takes the reasons away.
ALTER TABLE packet_recipients DROP COLUMN held;
