-- What persons asked to have put right is forgotten, answered or not.
DROP TABLE corrections;
