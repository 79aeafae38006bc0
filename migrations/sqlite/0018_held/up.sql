-- Why a packet that was taken is held back: the codes its sender was told last.
ALTER TABLE packet_recipients ADD COLUMN held TEXT;
