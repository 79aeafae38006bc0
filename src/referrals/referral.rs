//! A referral as the hub holds it.

use super::{state::Standing, timers::Terms};
use crate::{
    access::{AccessError, Actor, Permission},
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, CertificateId, OrganisationId, PacketId, ReferralId, SubjectToken},
    },
    policy::{Mode, PurposeCode, ServiceCode, UrgencyCode},
};

/// What a referral is, from its first packet; never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its id.
    pub id: ReferralId,
    /// Who sent it.
    pub sender: OrganisationId,
    /// To whom.
    pub recipient: OrganisationId,
    /// The person, as a token that means something to these two only.
    pub subject: SubjectToken,
    /// The packet that began it.
    pub packet: PacketId,
    /// Digest of that packet's envelope: what the first event cites.
    pub envelope: Digest,
    /// The scope certificate, in consent mode.
    pub certificate: Option<CertificateId>,
    /// The agreement it travels under.
    pub agreement: AgreementId,
    /// Its version.
    pub agreement_version: u32,
    /// On what footing.
    pub mode: Mode,
    /// For what.
    pub purpose: PurposeCode,
    /// The service asked for.
    pub service: ServiceCode,
    /// How fast.
    pub urgency: UrgencyCode,
    /// The referral it continues.
    pub parent: Option<ReferralId>,
    /// Details of the outcome may go back: the agreement has the reverse flow and the person agreed.
    pub details_return: bool,
    /// A missed appointment calls for a safety check.
    pub vulnerable: bool,
}

/// A referral.
#[derive(Clone, Debug, PartialEq)]
pub struct Referral {
    /// What it is.
    pub origin: Origin,
    /// What was agreed about time.
    pub terms: Terms,
    /// Where it stands.
    pub standing: Standing,
    /// Digest of its last event: what the next one cites.
    pub head: Digest,
    /// How many events it has.
    pub events: i64,
    /// Counts its changes.
    pub version: i64,
    /// When the hub took it.
    pub submitted: Timestamp,
    /// When its last event counts from.
    pub changed: Timestamp,
}

impl Referral {
    /// Its id.
    pub const fn id(&self) -> ReferralId {
        self.origin.id
    }

    /// Whether the organisation is one of the two.
    pub fn is_party(&self, organisation: OrganisationId) -> bool {
        organisation == self.origin.sender || organisation == self.origin.recipient
    }

    /// Refuses as "not found" whoever is neither party nor overseer.
    pub fn visible_to(&self, actor: &Actor) -> Result<(), AccessError> {
        if reads_of(actor).is_some_and(|organisation| self.is_party(organisation)) {
            return Ok(());
        }
        match actor.may(Permission::ReadAllReferrals) {
            Err(AccessError::Unauthenticated) => Err(AccessError::Unauthenticated),
            Ok(()) => Ok(()),
            Err(_) => Err(AccessError::NotFound),
        }
    }
}

/// The organisation whose referrals somebody may read: as one who works on them, or as one who answers for data protection, who must see
/// what to withdraw, to hold or to declare an error.
pub(super) fn reads_of(actor: &Actor) -> Option<OrganisationId> {
    let reads = [Permission::ReadReferrals, Permission::ReadDisclosures];
    actor.organisation().filter(|_organisation| reads.into_iter().any(|may| actor.may(may).is_ok()))
}
