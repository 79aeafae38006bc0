//! Words every room shares: ids, times, codes, pages, bounded text, digests and secrets. No I/O, no clock, no randomness of
//! its own.

pub mod code;
pub mod digest;
pub mod id;
pub mod page;
pub mod secret;
pub mod text;
pub mod time;

pub use code::{Code, Coded, Fault};
pub use digest::Digest;
pub use id::Id;
pub use secret::Secret;
pub use time::Timestamp;
