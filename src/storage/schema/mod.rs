//! Schema of the database, one file per room.
