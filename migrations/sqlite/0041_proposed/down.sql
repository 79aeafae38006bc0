-- What nobody decided about is suspended, and stays restricted until those who keep the directory say who may find it.
ALTER TABLE services ADD COLUMN stands TEXT NOT NULL DEFAULT 'listed' CHECK (stands IN ('listed', 'suspended', 'archived'));
UPDATE services SET stands = CASE standing WHEN 'proposed' THEN 'suspended' ELSE standing END;
ALTER TABLE services DROP COLUMN standing;
ALTER TABLE services RENAME COLUMN stands TO standing;
