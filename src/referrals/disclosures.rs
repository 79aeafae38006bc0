//! What was disclosed about one person to whom, when, and under which agreement and consent: from the envelopes, which stay when the
//! ciphertext is gone, and from what is kept of them when they are gone too.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{error::ReferralError, store};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    audit,
    crypto::{GateError, Typ, VerifyingKey, sign_compact, verify_compact},
    kernel::{
        Timestamp,
        id::{OrganisationId, ReferralId, SubjectToken},
    },
    packets::{self, Disclosed},
    storage::Db,
};

/// The most packets one statement names. A person has a handful.
pub const MOST_DISCLOSED: usize = 500;

/// How long a statement may be, in characters: as many packets as it names, and room for each.
const MAX_STATEMENT: usize = MOST_DISCLOSED * 4_096;

/// How deep its claims nest.
const DEPTH: u8 = 6;

/// The statement about one pseudonym, as far as its reader is a side of it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Disclosures {
    /// Form of the statement: 1.
    pub v: u8,
    /// The node that states it.
    pub iss: String,
    /// Whom it was made for.
    #[schema(value_type = String)]
    pub aud: OrganisationId,
    /// The pseudonym.
    #[schema(value_type = String)]
    pub sub: SubjectToken,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What was disclosed, oldest first.
    pub disclosed: Vec<Disclosed>,
    /// There is more than one statement names.
    pub more: bool,
}

/// A statement, and the node's signature over it.
#[derive(Clone, Debug)]
pub struct Stated {
    /// What it says.
    pub disclosures: Disclosures,
    /// The same, a compact JWS of type rp1-disclosures+jws.
    pub token: String,
}

impl Stated {
    /// Verifies a statement against the node's key, and that it was made for this reader about this person.
    pub fn verify(
        token: &str,
        key: &Arc<VerifyingKey>,
        (reader, subject): (OrganisationId, SubjectToken),
    ) -> Result<Self, GateError> {
        let verified = verify_compact(token, Typ::Disclosures, MAX_STATEMENT, |kid| {
            (kid == key.kid()).then(|| Arc::clone(key))
        })?;
        let disclosures: Disclosures = verified.claims(DEPTH).map_err(|_ignored| GateError::Shape)?;
        let fits = disclosures.v == 1 && disclosures.aud == reader && disclosures.sub == subject;
        if fits { Ok(Self { disclosures, token: token.to_owned() }) } else { Err(GateError::Shape) }
    }
}

/// Whom a referral is about: for whoever may ask what was disclosed, and is a side of it.
pub fn subject_of(
    db: &mut Db<'_>,
    actor: &Actor,
    referral: ReferralId,
) -> Result<SubjectToken, ReferralError> {
    actor.may(Permission::ReadDisclosures)?;
    let (reader, referral) = (actor.for_organisation()?, store::find(db, referral)?);
    if referral.is_party(reader) { Ok(referral.origin.subject) } else { Err(AccessError::NotFound.into()) }
}

/// States what was disclosed about a person. The sender sees everything under its pseudonym, a recipient what went between the two.
/// That it was read stands in the log.
pub fn disclosures(tx: &mut Tx<'_>, subject: SubjectToken) -> Result<Stated, ReferralError> {
    tx.actor().may(Permission::ReadDisclosures)?;
    let reader = tx.actor().for_organisation()?;
    let mut disclosed = Vec::new();
    for referral in store::about(tx.db(), subject, reader)? {
        disclosed.extend(packets::disclosed(tx.db(), referral)?);
    }
    disclosed.extend(store::past_disclosures(tx.db(), subject, reader)?);
    disclosed.retain(|one| !one.untold || one.is_between(reader));
    disclosed.sort_by_key(|one| one.received);
    let more = disclosed.len() > MOST_DISCLOSED;
    disclosed.truncate(MOST_DISCLOSED);
    let iss = tx.node().name.clone();
    let disclosures = Disclosures { v: 1, iss, aud: reader, sub: subject, at: tx.now(), disclosed, more };
    let claims = serde_json::to_vec(&disclosures)
        .map_err(|_ignored| crate::storage::StorageError::Unreadable("disclosures"))?;
    let token = sign_compact(&tx.node().receipts, Typ::Disclosures, &claims)?;
    let about = subject.to_string();
    audit::record(tx, &audit::Record::about(&about))?;
    Ok(Stated { disclosures, token })
}
