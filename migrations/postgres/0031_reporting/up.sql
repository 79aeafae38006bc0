-- Whether the provider of a service tells the authorities of people: shown before anybody is referred there. From the entry's requirements.
ALTER TABLE services ADD COLUMN reporting TEXT NOT NULL DEFAULT 'unknown' CHECK (reporting IN ('yes', 'no', 'unknown'));
UPDATE services SET searched = 0;
