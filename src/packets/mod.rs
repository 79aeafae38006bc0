//! The sealed packet: seal, verify, open, inspect.
