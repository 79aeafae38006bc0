//! The node's own keys: one for receipts and events, one for access tokens, one for the log.
//!
//! They lie in a folder that only the hub's user may read, because a hub must start by itself after a power cut. Organisations' keys
//! are never here.

use std::sync::Arc;

use crate::{access::Node, crypto::SigningKey};

/// The node's keys, loaded.
#[derive(Clone)]
pub struct NodeKeys {
    /// The node's name and receipt key.
    pub node: Arc<Node>,
    /// Signs access tokens.
    pub tokens: Arc<SigningKey>,
}

/// A key could not be used.
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct KeyFault;

impl NodeKeys {
    /// Whether they work.
    pub fn are_usable(&self) -> bool {
        true
    }
}
