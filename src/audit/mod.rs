//! The append-only log, its Merkle tree and its proofs.
