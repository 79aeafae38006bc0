//! The tables as diesel sees them, one file per room. A test compares them with both databases.

pub mod agreements;
pub mod audit;
pub mod consent;
pub mod custody;
pub mod directory;
pub mod factors;
pub mod feedback;
pub mod foundation;
pub mod members;
pub mod packets;
pub mod referrals;
