-- Takes the log away: everything it holds is lost.
DROP TRIGGER audit_pending_no_loss;
DROP TRIGGER audit_pending_no_update;
DROP TABLE audit_checkpoints;
DROP TABLE audit_tiles;
DROP TABLE audit_entries;
