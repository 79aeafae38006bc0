-- An earlier release knows no verification without a moment by which it must be repeated.
UPDATE services SET verified_at = NULL WHERE verify_by IS NULL;
