//! What the world should know, written in the same transaction as what happened.
