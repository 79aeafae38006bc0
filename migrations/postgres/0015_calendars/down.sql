-- Takes away when organisations work.
ALTER TABLE organisations DROP COLUMN calendar;
