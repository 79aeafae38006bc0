-- What nobody decided about is suspended, and stays restricted until those who keep the directory say who may find it.
UPDATE services SET standing = 'suspended' WHERE standing = 'proposed';
ALTER TABLE services DROP CONSTRAINT services_standing_check;
ALTER TABLE services ADD CONSTRAINT services_standing_check CHECK (standing IN ('listed', 'suspended', 'archived'));
