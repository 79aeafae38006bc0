//! What can go wrong in this room.

use super::{PacketFault, Violation};
use crate::{
    access::AccessError,
    crypto::KeyError,
    kernel::{Code, Coded, Fault},
    members::MemberError,
    policy::{CompartmentCode, FieldId},
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// A numbered check failed.
    #[error(transparent)]
    Refused(#[from] PacketFault),
    /// A draft cannot be sealed.
    #[error("this draft cannot be sealed: {0}")]
    Draft(#[from] DraftFault),
    /// Something was inside that the manifest does not list. Nothing was let out; the report is signed.
    #[error("the packet holds something its manifest does not list; it is quarantined")]
    Quarantined(Box<Violation>),
    /// The ciphertext was deleted.
    #[error("what was in this packet has been deleted; its envelope and receipts are kept")]
    Purged,
    /// The actor may not, or there is nothing for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Keys or organisations could not be looked up.
    #[error(transparent)]
    Members(#[from] MemberError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A key of ours could not be used.
    #[error("a key of ours could not be used")]
    Key(#[from] KeyError),
}

/// Why a draft cannot be sealed. Names fields and compartments, never what they hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftFault {
    /// The dictionary has no such field.
    #[error("the dictionary has no field {0}")]
    UnknownField(FieldId),
    /// A field stands in the draft twice.
    #[error("the field {0} stands in the draft twice")]
    Twice(FieldId),
    /// The release does not cover a field.
    #[error("the field {0} is not among those that consent and agreement release")]
    NotReleased(FieldId),
    /// A released field has no value.
    #[error("the field {0} is released and has no value")]
    NoValue(FieldId),
    /// A value is not what the dictionary wants for its field.
    #[error(
        "the value of {0} does not fit: text, whole numbers, yes or no, and lists or groups of these, as the dictionary says"
    )]
    Value(FieldId),
    /// Nobody among the recipients could read a compartment.
    #[error("no recipient has a key for the compartment {0}")]
    NobodyReads(CompartmentCode),
    /// A recipient would get no key at all, or the sender has named no key to reopen the packet with.
    #[error("every recipient needs a grant, and so does the sender")]
    NoGrant,
    /// A document does not fit the largest size.
    #[error("the compartment {0} holds more than one document may")]
    DocumentTooLarge(CompartmentCode),
    /// A file is too large or empty.
    #[error("the file of {0} is empty or too large")]
    FileTooLarge(FieldId),
    /// A file's name or type is not a plain short line.
    #[error("the name or type of the file of {0} is not a plain short line")]
    FileName(FieldId),
    /// Too many fields, sections or grants, or an envelope that grew too long.
    #[error("the packet would have too many {0}")]
    TooMany(&'static str),
    /// It would live too short or too long.
    #[error("a packet lives between a minute and 30 days")]
    Life,
    /// Recipients: none, or one twice.
    #[error("name at least one recipient, each once")]
    Recipients,
    /// A reply, an update or a withdrawal says what it refers to.
    #[error("this kind of packet must name the packet it refers to")]
    Reference,
}

impl Coded for PacketError {
    fn code(&self) -> Code {
        match self {
            Self::Refused(fault) => fault.code(),
            Self::Draft(_) => Code::new("packet.draft", Fault::Refused),
            Self::Quarantined(_) => PacketFault::Outside.code(),
            Self::Purged => Code::new("packet.purged", Fault::NotFound),
            Self::Access(error) => error.code(),
            Self::Members(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Key(_) => Code::new("packet.key", Fault::Internal),
        }
    }

    fn facts(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        match self {
            Self::Refused(fault) => fault.facts(),
            Self::Quarantined(_) => PacketFault::Outside.facts(),
            Self::Draft(_)
            | Self::Purged
            | Self::Access(_)
            | Self::Members(_)
            | Self::Storage(_)
            | Self::Key(_) => None,
        }
    }
}
