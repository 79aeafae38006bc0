-- An organisation says when it works, and what it must do within working days follows that.
ALTER TABLE organisations ADD COLUMN calendar TEXT;
