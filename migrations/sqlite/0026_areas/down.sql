-- Takes units of administration away. What is kept secret of places would be shown by the release before: services there are restricted.
UPDATE services SET visibility = 'restricted' WHERE row_id IN (
    SELECT of_service.parent FROM directory_links AS of_service
    JOIN directory_links AS at_place ON at_place.id = of_service.id AND at_place.via = 'location_id'
    JOIN directory_rows ON directory_rows.id = at_place.parent AND directory_rows.confidential = 1
    WHERE of_service.tbl = 'service_at_location' AND of_service.via = 'service_id'
);
DROP INDEX directory_rows_by_confidential;
ALTER TABLE directory_rows DROP COLUMN confidential;
DROP TABLE admin_areas;
DELETE FROM directory_facets WHERE facet IN ('serves', 'located');
