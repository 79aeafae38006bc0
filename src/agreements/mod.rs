//! Data-sharing agreements, their signatures and their life.
