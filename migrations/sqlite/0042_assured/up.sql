-- When its source says that an entry was last checked counts like a verification that nobody here made: `verified_at` without `verify_by`.
-- Entries are also found by every name of their provider from now on. Both is in the rows already: the job `directory` enters them anew.
UPDATE services SET searched = 0;
