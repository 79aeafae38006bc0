-- Takes the log away: everything it holds is lost.
DROP TRIGGER audit_pending_no_loss ON audit_pending;
DROP TRIGGER audit_pending_append_only ON audit_pending;
DROP TABLE audit_checkpoints;
DROP TABLE audit_tiles;
DROP TABLE audit_entries;
DROP FUNCTION audit_no_loss();
DROP FUNCTION audit_append_only();
