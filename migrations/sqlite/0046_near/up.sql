-- What services are found by tells secret places from others, and how a service is given to those who are not near: the job `directory` enters
-- all of them anew. Until it has, what was entered before is near nothing.
UPDATE services SET searched = 0;
-- What those who keep the directory note of a service: how good it is, and what going there risks. Nothing that is published is made of it.
CREATE TABLE directory_notes (
    service TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL,
    noted_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    audit_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
