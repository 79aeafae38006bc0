-- Takes the group away; a need says its service and area alone again.
ALTER TABLE needs DROP COLUMN population;
