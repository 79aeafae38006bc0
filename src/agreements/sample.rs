//! An agreement to test with: the first example beside the schema.

use super::{Document, Terms};
use crate::kernel::{Digest, id::OrganisationId};

pub(crate) const BYTES: &[u8] =
    include_bytes!("../../schemas/agreements/examples/valid/agreement.v1.health-and-legal.json");

/// Who sends.
pub(crate) fn harbour() -> OrganisationId {
    "org_0192f0c1000070008000000000000001".parse().unwrap()
}

/// Who treats.
pub(crate) fn clinic() -> OrganisationId {
    "org_0192f0c1000070008000000000000002".parse().unwrap()
}

/// Who gives legal aid.
pub(crate) fn lawyers() -> OrganisationId {
    "org_0192f0c1000070008000000000000003".parse().unwrap()
}

/// The document.
pub(crate) fn document() -> Document {
    Document::parse(BYTES).unwrap()
}

/// The document with a change made to its JSON.
pub(crate) fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let mut value: serde_json::Value = serde_json::from_slice(BYTES).unwrap();
    edit(&mut value);
    serde_json::to_vec(&value).unwrap()
}

/// The terms with a change made to the document.
pub(crate) fn terms(edit: impl FnOnce(&mut Document)) -> Terms {
    let mut document = document();
    edit(&mut document);
    let bytes = serde_json::to_vec(&document).unwrap();
    Terms::of(document, Digest::of(bytes))
}
