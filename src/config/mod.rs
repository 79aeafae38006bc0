//! Settings: one compiled-in file of defaults, a file and the environment on top.
