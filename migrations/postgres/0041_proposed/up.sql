-- A service that a member offers is proposed until those who keep the directory decided: nobody else finds it, whatever its visibility will be.
ALTER TABLE services DROP CONSTRAINT services_standing_check;
ALTER TABLE services ADD CONSTRAINT services_standing_check CHECK (standing IN ('listed', 'proposed', 'suspended', 'archived') AND (standing <> 'proposed' OR visibility = 'restricted'));
