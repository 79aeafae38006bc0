-- Without them nobody who works in a browser can open or sign anything, and what organisations kept here is gone.
DROP TABLE kept_papers;
DROP TABLE keyrings;
DROP TABLE device_keys;
DROP TABLE member_keys;
