//! What the person says about it.
