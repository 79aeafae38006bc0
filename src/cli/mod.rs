//! The command-line entrance, and the member's gateway.
