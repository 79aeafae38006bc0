-- A service that a member offers is proposed until those who keep the directory decided: nobody else finds it, whatever its visibility will be.
ALTER TABLE services ADD COLUMN stands TEXT NOT NULL DEFAULT 'listed' CHECK (stands IN ('listed', 'proposed', 'suspended', 'archived') AND (stands <> 'proposed' OR visibility = 'restricted'));
UPDATE services SET stands = standing;
ALTER TABLE services DROP COLUMN standing;
ALTER TABLE services RENAME COLUMN stands TO standing;
