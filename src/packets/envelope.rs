//! The envelope's claims: everything the hub may know of a packet. Codes only; nothing personal, no free text.

use serde::{Deserialize, Serialize};

use super::{
    PacketFault,
    form::{MAX_LIFE, MIN_LIFE, SKEW, SectionId},
};
use crate::{
    consent::Attested,
    crypto::Kid,
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, CertificateId, OrganisationId, PacketId, ReferralId, SubjectToken},
    },
    policy::{
        CompartmentCode, Mode, OnwardCode, PurposeCode, ReaderRole, RetentionCode, ServiceCode, UrgencyCode,
    },
};

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PacketKind {
    /// A new referral.
    Referral,
    /// More or newer data on a referral.
    Update,
    /// The recipient writes back.
    Reply,
    /// The sender takes a packet back.
    Withdraw,
}

impl PacketKind {
    /// The word in the envelope.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Referral => "referral",
            Self::Update => "update",
            Self::Reply => "reply",
            Self::Withdraw => "withdraw",
        }
    }

    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Referral, Self::Update, Self::Reply, Self::Withdraw]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// Whether a packet of this kind must name one it refers to.
    pub const fn refers_back(self) -> bool {
        !matches!(self, Self::Referral)
    }
}

/// The data-sharing agreement a packet travels under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementRef {
    /// Which.
    pub id: AgreementId,
    /// Its version.
    pub ver: u32,
    /// Digest of the agreement's bytes.
    pub h: Digest,
}

/// The scope certificate a packet travels under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeRef {
    /// Which.
    pub id: CertificateId,
    /// Digest of the certificate's token.
    pub h: Digest,
}

/// One grant as the envelope lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRef {
    /// Whose key it is for.
    pub aud: OrganisationId,
    /// Who reads with that key.
    pub role: ReaderRole,
    /// The key.
    pub kid: Kid,
    /// Digest of the grant's token.
    pub h: Digest,
}

/// One section as the envelope lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionRef {
    /// Its place.
    pub id: SectionId,
    /// The compartment inside.
    pub role: CompartmentCode,
    /// Length of its token in characters.
    pub len: usize,
    /// Digest of its token.
    pub h: Digest,
    /// Digest of its key: A256GCM alone does not commit to one.
    pub kc: Digest,
}

/// The claims of an envelope, a closed set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Version: 1.
    pub v: u8,
    /// The packet's id, unique for its issuer.
    pub jti: PacketId,
    /// What it is.
    pub kind: PacketKind,
    /// The packet it refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub re: Option<PacketId>,
    /// Who sends.
    pub iss: OrganisationId,
    /// Who receives; sorted, each once.
    pub aud: Vec<OrganisationId>,
    /// When it was made, seconds.
    pub iat: i64,
    /// When it ends, seconds.
    pub exp: i64,
    /// The referral it belongs to.
    #[serde(rename = "ref")]
    pub referral: ReferralId,
    /// The referral this one follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ReferralId>,
    /// The person, as a random token that only sender and case give a meaning.
    pub sub: SubjectToken,
    /// The agreement.
    pub dsa: AgreementRef,
    /// On what footing it travels.
    pub mode: Mode,
    /// The scope certificate, in consent mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeRef>,
    /// Why.
    pub purpose: PurposeCode,
    /// For which service.
    pub service: ServiceCode,
    /// How fast.
    pub urgency: UrgencyCode,
    /// How long the recipient may keep it.
    pub retention: RetentionCode,
    /// Whether the recipient may pass it on.
    pub onward: OnwardCode,
    /// What the sender attests where the hub cannot see for itself; left out when there is nothing beyond one approval.
    #[serde(default, skip_serializing_if = "Attested::is_plain")]
    pub att: Attested,
    /// Digest of the manifest's bytes.
    pub manifest: Digest,
    /// The grants, in the order of the container.
    pub grants: Vec<GrantRef>,
    /// The sections, in the order of the container.
    pub sections: Vec<SectionRef>,
}

impl Envelope {
    /// When it ends.
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_seconds(self.exp)
    }

    /// Check 200 beyond the closed set: version, and sections named by their places.
    pub(super) fn judge_form(&self) -> Result<(), PacketFault> {
        let placed = self.sections.iter().enumerate().all(|(place, section)| section.id.place() == place);
        // Only of what is passed on is anybody told.
        let told_apart = self.parent.is_some() || !self.att.untold;
        let formed = self.v == 1 && placed && told_apart && self.att.is_within_bounds();
        if formed { Ok(()) } else { Err(PacketFault::Claims) }
    }

    /// Whether the recipients are named, in order, each once: the part of check 203 that needs no directory.
    pub(super) fn recipients_are_in_order(&self) -> bool {
        let ordered = self.aud.iter().zip(self.aud.iter().skip(1)).all(|(one, next)| one < next);
        ordered && !self.aud.is_empty()
    }

    /// Checks 204 and 205, at the moment the hub received it.
    ///
    /// An old `iat` is no fault by itself: a gateway without network seals now and submits later, and a packet counts as received
    /// when the hub has it. What bounds its age is `exp`.
    pub(super) fn judge_times(&self, received: Timestamp) -> Result<(), PacketFault> {
        let now = received.seconds();
        if self.iat > now.saturating_add(SKEW) {
            return Err(PacketFault::IssuedAt);
        }
        let life = self.exp.saturating_sub(self.iat);
        let expired = self.exp <= now.saturating_sub(SKEW);
        if (MIN_LIFE..=MAX_LIFE).contains(&life) && !expired { Ok(()) } else { Err(PacketFault::Expiry) }
    }
}
