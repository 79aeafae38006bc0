-- The log proper: entries with their places, complete tiles of the tree over them, and signed checkpoints. Nothing in it is ever changed.
CREATE TABLE audit_entries (
    place BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    entry BYTEA NOT NULL,
    leaf TEXT NOT NULL
);
CREATE INDEX audit_entries_by_leaf ON audit_entries (leaf);

CREATE TABLE audit_tiles (
    level SMALLINT NOT NULL,
    place BIGINT NOT NULL,
    hashes BYTEA NOT NULL CHECK (length(hashes) = 8192),
    root TEXT NOT NULL,
    PRIMARY KEY (level, place)
);

CREATE TABLE audit_checkpoints (
    size BIGINT NOT NULL PRIMARY KEY,
    root TEXT NOT NULL,
    note TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only';
END
$$;
-- A waiting entry may go only when it has its place.
CREATE FUNCTION audit_no_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_entries WHERE audit_entries.id = OLD.id) THEN
        RAISE EXCEPTION 'the log is append-only';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_tiles_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_tiles
FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_pending_append_only BEFORE UPDATE OR TRUNCATE ON audit_pending
FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_pending_no_loss BEFORE DELETE ON audit_pending
FOR EACH ROW EXECUTE FUNCTION audit_no_loss();
