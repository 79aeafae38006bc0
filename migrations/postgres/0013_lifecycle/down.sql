-- Takes former root keys away; every name is unique again.
DROP TABLE former_roots;
UPDATE staff SET name = name || ' ' || id WHERE removed_at IS NOT NULL;
DROP INDEX staff_names;
ALTER TABLE staff ADD CONSTRAINT staff_name_key UNIQUE (name);
