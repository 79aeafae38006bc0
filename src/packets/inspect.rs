//! Look at a packet without keys and without believing it: what the envelope says, and how large the parts are.

use serde::Serialize;

use super::{
    Envelope, PacketFault,
    form::{Container, DEPTH, MAX_ENVELOPE},
};
use crate::{
    crypto::{
        Kid, Typ,
        closed::{self, Nulls},
        peek,
    },
    kernel::Digest,
};

/// What can be seen of a packet without any key. Nothing here was verified.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// The key that the envelope says it was signed with.
    pub kid: Kid,
    /// Digest of the envelope's token.
    pub envelope_digest: Digest,
    /// What the envelope says.
    pub envelope: Envelope,
    /// Length of the manifest in characters.
    pub manifest_chars: usize,
    /// Sections that are there; the others were left out by the hub.
    pub sections_present: usize,
}

/// What an envelope's token says, where only that is at hand.
pub fn claimed(token: &str) -> Result<Envelope, PacketFault> {
    let peeked = peek(token, Typ::Envelope, MAX_ENVELOPE).map_err(PacketFault::of_envelope)?;
    closed::read(peeked.unverified(), DEPTH).map_err(|_ignored| PacketFault::Claims)
}

/// Looks at a packet.
pub fn inspect(body: &[u8]) -> Result<Inspection, PacketFault> {
    let container = Container::read(body, Nulls::Allowed)?;
    let peeked = peek(container.envelope, Typ::Envelope, MAX_ENVELOPE).map_err(PacketFault::of_envelope)?;
    let envelope = closed::read(peeked.unverified(), DEPTH).map_err(|_ignored| PacketFault::Claims)?;
    Ok(Inspection {
        kid: peeked.kid().clone(),
        envelope_digest: Digest::of(container.envelope),
        envelope,
        manifest_chars: container.manifest.len(),
        sections_present: container.sections.iter().flatten().count(),
    })
}
