//! What is sealed: the keys in a grant, and the signed document in a section.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::form::{MAX_DOCUMENT, Salt, SectionId, Tag};
use crate::kernel::{
    Digest,
    id::{OrganisationId, PacketId},
};

/// The sizes documents are padded to, in bytes, so that the size does not tell the service.
pub const DOCUMENT_SIZES: [usize; 3] = [2_048, 8_192, MAX_DOCUMENT];

/// What a grant holds: the keys of the sections its reader may open.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantContent {
    pub(super) v: u8,
    pub(super) iss: OrganisationId,
    pub(super) aud: OrganisationId,
    pub(super) jti: PacketId,
    pub(super) keys: BTreeMap<SectionId, String>,
}

/// A file as the document of its compartment describes it. The commitment to a file's field is over this description.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileNote {
    pub(super) sec: SectionId,
    pub(super) name: String,
    pub(super) mime: String,
    pub(super) size: usize,
    pub(super) sha256: Digest,
}

/// The signed content of a document section.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    pub(super) v: u8,
    pub(super) iss: OrganisationId,
    pub(super) aud: Vec<OrganisationId>,
    pub(super) jti: PacketId,
    pub(super) sec: SectionId,
    pub(super) sch: Tag,
    /// By field id. Text, because what is not a field id must be found at 311 and not before.
    pub(super) data: BTreeMap<String, Value>,
    /// By field for data, by section for files.
    pub(super) salts: BTreeMap<String, Salt>,
    pub(super) files: Vec<FileNote>,
    pub(super) pad: String,
}

impl Content {
    /// The document's bytes, padded to the smallest size it fits; nothing when it fits none.
    pub(super) fn into_padded(mut self) -> Option<Vec<u8>> {
        self.pad = String::new();
        let bare = serde_json::to_vec(&self).ok()?;
        let size = DOCUMENT_SIZES.into_iter().find(|size| bare.len() <= *size)?;
        self.pad = "0".repeat(size.saturating_sub(bare.len()));
        serde_json::to_vec(&self).ok()
    }
}
