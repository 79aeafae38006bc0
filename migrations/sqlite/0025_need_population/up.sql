-- Which group of people nobody could be referred for, as coarsely as the policy's population codes say it.
ALTER TABLE needs ADD COLUMN population TEXT;
