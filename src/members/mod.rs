//! Organisations, their staff and their keys.
