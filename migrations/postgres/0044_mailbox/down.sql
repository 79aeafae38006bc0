-- What persons and organisations left for each other is forgotten, read or not.
DROP TABLE referral_notes;
