-- Where services are and whom they serve by units of administration, and places whose whereabouts are kept secret.
-- A unit is known by country, level and code, and by since when: codes are used again after boundaries moved.
CREATE TABLE admin_areas (
    id TEXT NOT NULL PRIMARY KEY,
    country TEXT NOT NULL,
    level BIGINT NOT NULL CHECK (level BETWEEN 0 AND 9),
    code TEXT NOT NULL,
    code_key TEXT NOT NULL,
    name TEXT NOT NULL,
    names TEXT NOT NULL,
    folded TEXT NOT NULL,
    parent TEXT REFERENCES admin_areas (id),
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    replaced_by TEXT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    sort_key TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL,
    audit_id TEXT NOT NULL
);
CREATE INDEX admin_areas_by_code_key ON admin_areas (code_key);
CREATE INDEX admin_areas_by_parent ON admin_areas (parent);
CREATE INDEX admin_areas_by_sort_key ON admin_areas (sort_key);
CREATE INDEX admin_areas_by_country ON admin_areas (country);

ALTER TABLE directory_rows ADD COLUMN confidential BIGINT NOT NULL DEFAULT 0 CHECK (confidential IN (0, 1));
UPDATE directory_rows SET confidential = 1 WHERE tbl = 'location' AND body LIKE '%"confidential":"yes"%';
CREATE INDEX directory_rows_by_confidential ON directory_rows (id) WHERE confidential = 1;
UPDATE services SET searched = 0;
