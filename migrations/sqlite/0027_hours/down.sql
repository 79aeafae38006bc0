-- Takes opening hours out of searches; the schedules stay.
DROP TABLE directory_hours;
