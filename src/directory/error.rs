//! What can be refused here.

use super::{contacts::MOST_CONTACTS, hsds::HsdsError};
use crate::{
    access::AccessError,
    audit::AuditError,
    kernel::{Code, Coded, Fault},
    members::MemberError,
    outbox::OutboxError,
    storage::StorageError,
};

/// A refusal of this room.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The actor may not, or there is nothing for them.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The organisation.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The package.
    #[error(transparent)]
    Package(#[from] HsdsError),
    /// The package has faults that stop it as a whole.
    #[error("the package cannot be imported: {0}")]
    Stopped(String),
    /// No such service code.
    #[error("{0} is no service code; see the policy documents")]
    UnknownService(String),
    /// Services that members can be referred to through.
    #[error("{0} services of this source are linked to members; unlink them first")]
    Linked(i64),
    /// Services that are restricted.
    #[error(
        "{0} services of this source are restricted, and importing it again would not know that; say first who may find them, with throughline directory visibility"
    )]
    Restricted(usize),
    /// Documents that nest too much.
    #[error(
        "this page would hold too much; ask for fewer on a page, or for the services of one organization_id"
    )]
    TooMuch,
    /// A list on paper that nobody prints.
    #[error("more than {0} places are too many to print; ask for an area or a sector")]
    TooMuchToPrint(usize),
    /// No such sector.
    #[error("this is no sector; expected a code such as HEA or PRO-HTS")]
    UnknownSector,
    /// A source's name.
    #[error("a source is named with 1 to 60 lower-case letters, digits, - or .")]
    BadSource,
    /// What was said of a person.
    #[error(transparent)]
    Facts(#[from] super::eligibility::FactsError),
    /// More places than anybody has.
    #[error("places are at most 1,000,000")]
    TooManyPlaces,
    /// A moment that cannot be.
    #[error("{0}")]
    BadMoment(&'static str),
    /// Something by its distance from nowhere.
    #[error("what is nearest is asked for, and not from where; give lat and lon, or sort by something else")]
    NearWhat,
    /// A place in another list.
    #[error("this cursor belongs to another search; begin with its first page")]
    BadCursor,
    /// A draft that cannot be taken as it is.
    #[error("the draft cannot be kept: {0}")]
    BadEdit(String),
    /// A draft of an entry that changed since.
    #[error(
        "the entry changed since this draft was written; its provider has to look at it and write it again"
    )]
    DraftOutdated,
    /// A decision that changes nothing.
    #[error("the entry stands so already")]
    StandsSo,
    /// Something that waits for those who keep the directory.
    #[error(
        "a service that a member offers is listed or refused by its draft; see throughline directory drafts"
    )]
    Undecided,
    /// A refusal without a reason, or showing something to more than its provider asked.
    #[error("say why it is refused, or shown to more than its provider asked; the provider reads it")]
    ReasonMissing,
    /// A contact for a service of somebody else.
    #[error(
        "this organisation provides no such service; leave the service out for a contact of the whole organisation"
    )]
    ContactService,
    /// More contacts than anybody looks through.
    #[error("an organisation has at most {MOST_CONTACTS} contacts; remove one that is not needed any more")]
    TooManyContacts,
    /// Urgent referrals, and nobody who answers.
    #[error(
        "nobody is on call for this service, so it cannot take urgent referrals; add an on-call contact first, on the page /contacts or with POST \
         /api/v1/directory/contacts"
    )]
    NobodyOnCall,
    /// A code of an area.
    #[error("no area has the code {0}; look it up with GET /api/v1/areas or throughline directory areas")]
    UnknownArea(String),
    /// A code that several areas have.
    #[error("several areas have the code {0}; write country, level and code, such as LB/3/10101")]
    SeveralAreas(String),
    /// A place or a distance.
    #[error(
        "a place is lat (-90 to 90) and lon (-180 to 180) in degrees, and proximity is in metres, 0 or more"
    )]
    BadPlace,
}

impl From<OutboxError> for DirectoryError {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::Storage(error) => error.into(),
            OutboxError::Access(error) => error.into(),
            OutboxError::Payload(_) => StorageError::Unreadable("outbox.payload").into(),
        }
    }
}

impl Coded for DirectoryError {
    fn code(&self) -> Code {
        match self {
            Self::Access(error) => error.code(),
            Self::Storage(error) => error.code(),
            Self::Member(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Package(error) => error.code(),
            Self::Facts(error) => error.code(),
            Self::Stopped(_) => Code::new("directory.package_stopped", Fault::Refused),
            Self::UnknownService(_) => Code::new("directory.unknown_service", Fault::Refused),
            Self::Linked(_) => Code::new("directory.linked", Fault::Conflict),
            Self::Restricted(_) => Code::new("directory.restricted", Fault::Conflict),
            Self::TooMuch => Code::new("hsds.too_much", Fault::TooLarge),
            Self::TooMuchToPrint(_) => Code::new("directory.too_much_to_print", Fault::TooLarge),
            Self::UnknownSector => Code::new("directory.unknown_sector", Fault::Malformed),
            Self::BadSource => Code::new("directory.bad_source", Fault::Malformed),
            Self::BadEdit(_) => Code::new("directory.bad_draft", Fault::Refused),
            Self::DraftOutdated => Code::new("directory.draft_outdated", Fault::Conflict),
            Self::StandsSo => Code::new("directory.stands_so", Fault::Conflict),
            Self::Undecided => Code::new("directory.undecided", Fault::Conflict),
            Self::ContactService => Code::new("directory.contact_service", Fault::Refused),
            Self::TooManyContacts => Code::new("directory.too_many_contacts", Fault::Refused),
            Self::NobodyOnCall => Code::new("directory.nobody_on_call", Fault::Refused),
            Self::ReasonMissing => Code::new("directory.reason_missing", Fault::Malformed),
            Self::UnknownArea(_) => Code::new("directory.unknown_area", Fault::Malformed),
            Self::SeveralAreas(_) => Code::new("directory.several_areas", Fault::Malformed),
            Self::BadPlace => Code::new("directory.bad_place", Fault::Malformed),
            Self::TooManyPlaces => Code::new("directory.too_many_places", Fault::Malformed),
            Self::BadMoment(_) => Code::new("directory.bad_moment", Fault::Malformed),
            Self::NearWhat => Code::new("directory.near_what", Fault::Malformed),
            Self::BadCursor => Code::new("directory.bad_cursor", Fault::Malformed),
        }
    }
}
