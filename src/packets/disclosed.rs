//! What a packet disclosed, in the words of its envelope.

use serde::{Deserialize, Serialize};

use super::{AgreementRef, PacketError, PacketKind, ScopeRef, deliver::claims, store};
use crate::{
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, PacketId, ReferralId},
    },
    policy::{Mode, OnwardCode, PurposeCode, RetentionCode, ServiceCode},
    storage::Db,
};

/// One packet as a record of disclosure.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Disclosed {
    /// The packet.
    #[schema(value_type = String)]
    pub packet: PacketId,
    /// What it was.
    pub kind: PacketKind,
    /// Its referral.
    #[schema(value_type = String)]
    pub referral: ReferralId,
    /// Who sent.
    #[schema(value_type = String)]
    pub from: OrganisationId,
    /// To whom, and whether they had it.
    pub to: Vec<DisclosedTo>,
    /// On what footing.
    #[schema(value_type = String)]
    pub mode: Mode,
    /// For what.
    #[schema(value_type = String)]
    pub purpose: PurposeCode,
    /// For which service.
    #[schema(value_type = String)]
    pub service: ServiceCode,
    /// How long it may be kept.
    #[schema(value_type = String)]
    pub retention: RetentionCode,
    /// Whether it may be passed on.
    #[schema(value_type = String)]
    pub onward: OnwardCode,
    /// The agreement: id, version, digest.
    #[schema(value_type = Object)]
    pub agreement: AgreementRef,
    /// The certificate of the consent: id and digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub consent: Option<ScopeRef>,
    /// The person objected to anybody but its two sides hearing of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untold: bool,
    /// Digest of the manifest: which fields, for whoever kept it.
    #[schema(value_type = String)]
    pub manifest: Digest,
    /// Digest of the envelope.
    #[schema(value_type = String)]
    pub envelope: Digest,
    /// When the hub received it.
    #[schema(value_type = String, format = DateTime)]
    pub received: Timestamp,
    /// When the hub deleted its ciphertext.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub purged: Option<Timestamp>,
}

impl Disclosed {
    /// Whether an organisation sent it or was to get it.
    pub fn is_between(&self, side: OrganisationId) -> bool {
        self.from == side || self.to.iter().any(|to| to.organisation == side)
    }
}

/// A recipient of a packet. One that never fetched it learned nothing from it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisclosedTo {
    /// Who.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// When it was handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub delivered: Option<Timestamp>,
    /// When the recipient's gateway said that it opened it, or that something was inside that should not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered: Option<Timestamp>,
}

/// The packets of a referral as records of disclosure, oldest first. For rooms that have settled who may ask.
pub fn disclosed(db: &mut Db<'_>, referral: ReferralId) -> Result<Vec<Disclosed>, PacketError> {
    let mut found = Vec::new();
    for row in store::rows_of(db, referral)? {
        let claims = claims(&row.envelope)?;
        found.push(Disclosed {
            packet: row.id,
            kind: claims.kind,
            referral,
            from: claims.iss,
            to: store::recipients(db, row.id)?,
            mode: claims.mode,
            purpose: claims.purpose,
            service: claims.service,
            retention: claims.retention,
            onward: claims.onward,
            agreement: claims.dsa,
            consent: claims.scope,
            untold: claims.att.untold,
            manifest: claims.manifest,
            envelope: row.digest,
            received: row.received,
            purged: row.purged,
        });
    }
    Ok(found)
}
