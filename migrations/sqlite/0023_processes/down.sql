-- Nobody says any more by which policy a process judges.
DROP TABLE processes;
