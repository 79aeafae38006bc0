//! One binary of integration tests; see the folders for what they look at.
