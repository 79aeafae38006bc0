//! Whole stories, through the entrances.

mod directory;
