-- Searches run in memory: one row of each service holds what it is found by, instead of many rows in seven tables. Each change of a
-- service leaves the number of its transaction, so that memory knows what it has not read yet; whoever writes, the triggers see to it.
-- Nobody waits for anybody: a number below every transaction that still runs is one that nothing more comes under.
DROP TABLE directory_words;
DROP TABLE directory_places;
DROP TABLE directory_terms;
DROP TABLE directory_facets;
DROP TABLE directory_hours;
DROP TABLE directory_vocabulary;
DROP TABLE directory_vocabulary_mark;
CREATE TABLE directory_entered (
    service TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
CREATE TABLE directory_touched (
    service TEXT NOT NULL PRIMARY KEY,
    touched BIGINT NOT NULL
);
CREATE INDEX directory_touched_last ON directory_touched (touched);
UPDATE services SET searched = 0;
CREATE FUNCTION services_touched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO directory_touched (service, touched)
        VALUES (CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END, pg_current_xact_id()::text::bigint)
        ON CONFLICT (service) DO UPDATE SET touched = excluded.touched;
    RETURN NULL;
END
$$;
CREATE TRIGGER services_touched AFTER INSERT OR UPDATE OR DELETE ON services
FOR EACH ROW EXECUTE FUNCTION services_touched();
CREATE FUNCTION directory_floor() RETURNS bigint LANGUAGE sql STABLE
AS $$ SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 $$;
CREATE FUNCTION directory_ceiling() RETURNS bigint LANGUAGE sql STABLE
AS $$ SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint $$;
