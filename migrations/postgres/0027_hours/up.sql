-- When each service is open, as its schedules say. Filled by the job `directory`, as words and places are.
CREATE TABLE directory_hours (
    service TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
UPDATE services SET searched = 0;
