-- Whom one calls at an organisation or at one of its services: focal points, and who is on call. Names and numbers of people, each until a day.
CREATE TABLE directory_contacts (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    service TEXT,
    label TEXT NOT NULL,
    name TEXT,
    role TEXT,
    is_focal_point BIGINT NOT NULL CHECK (is_focal_point IN (0, 1)),
    is_on_call BIGINT NOT NULL CHECK (is_on_call IN (0, 1)),
    telephone TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('voice', 'sms', 'messaging')),
    day_and_night BIGINT NOT NULL CHECK (day_and_night IN (0, 1)),
    languages TEXT NOT NULL,
    valid_until BIGINT NOT NULL,
    told BIGINT NOT NULL CHECK (told IN (0, 1)),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    audit_id TEXT NOT NULL
);
CREATE INDEX directory_contacts_by_organisation ON directory_contacts (organisation, valid_until);
CREATE INDEX directory_contacts_by_service ON directory_contacts (service) WHERE service IS NOT NULL;
CREATE INDEX directory_contacts_by_end ON directory_contacts (valid_until);
