//! Sign an agreement: one compact JWS for each party, over the exact bytes of the document.

use serde::Deserialize;

use super::{
    Agreement, AgreementError, MAX_DOCUMENT_BYTES, Move, State, agreement::step, store,
    take_effect::take_effect_now,
};
use crate::{
    access::{Permission, Tx},
    crypto::{self, Typ},
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, OrganisationId},
        text::Line,
    },
    members::{self, KeyRecord},
};

/// The longest signature token, in characters: header, document in base64url, signature.
pub const MAX_SIGNATURE: usize = MAX_DOCUMENT_BYTES * 4 / 3 + 1_024;

/// A party's signature.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// Compact JWS of type `rp1-agreement+jws` whose payload is the document, byte for byte.
    #[schema(max_length = 88_405)]
    pub token: String,
    /// Who signs for the organisation.
    #[schema(value_type = String, max_length = 120)]
    pub signatory: Line<120>,
    /// In which office.
    #[schema(value_type = String, max_length = 120)]
    pub office: Line<120>,
    /// What shows that this person may.
    #[schema(value_type = String, max_length = 200)]
    pub authority: Line<200>,
}

/// A signature that was taken.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The party.
    pub organisation: OrganisationId,
    /// The key.
    pub kid: String,
    /// The token.
    pub token: String,
    /// Who signed for the organisation.
    pub signatory: String,
    /// In which office.
    pub office: String,
    /// What shows that this person may.
    pub authority: String,
    /// When it was taken.
    pub at: Timestamp,
}

/// Takes a party's signature. With the last one the agreement is signed, and in force at once when its first day has come.
pub fn sign(tx: &mut Tx<'_>, id: AgreementId, version: u32, cmd: &Sign) -> Result<Agreement, AgreementError> {
    let was = store::find(tx.db(), id, version)?;
    was.visible_to(tx.actor())?;
    tx.actor().may(Permission::ManageAgreements)?;
    let organisation = tx.actor().for_organisation()?;
    if !matches!(was.state, State::Offered { .. }) {
        // The table has the words for it.
        was.state.clone().step(&Move::CompleteSignatures, tx.now())?;
    }
    let key = signing_key(tx, &cmd.token, organisation)?;
    let signed = digest_of_signed(&cmd.token, &key)?;
    if signed != was.digest {
        return Err(AgreementError::Signature("it is over another document"));
    }
    let signature = Signature {
        organisation,
        kid: key.jwk.kid().to_string(),
        token: cmd.token.clone(),
        signatory: cmd.signatory.to_string(),
        office: cmd.office.to_string(),
        authority: cmd.authority.to_string(),
        at: tx.now(),
    };
    let signatures = store::add_signature(tx, &was, &signature)?;
    if !was.parties.iter().all(|party| signatures.contains(party)) {
        // The row moves on although its state does not, so that two last signatures cannot pass one another.
        return store::advance(tx, was);
    }
    let now = step(tx, was, &Move::CompleteSignatures, None)?;
    if now.validity.from <= tx.now() { take_effect_now(tx, now) } else { Ok(now) }
}

fn signing_key(
    tx: &mut Tx<'_>,
    token: &str,
    organisation: OrganisationId,
) -> Result<KeyRecord, AgreementError> {
    let kid = crypto::peek_kid(token, Typ::Agreement, MAX_SIGNATURE)?;
    let at = tx.now();
    members::find_key(tx.db(), &kid)?
        .filter(|key| key.organisation == organisation && key.may_sign_at(at))
        .ok_or(AgreementError::Signature("its key is no signing key of your organisation in use"))
}

/// Verifies a token with its key and answers the digest of what was signed. Needs no hub: whoever holds document, tokens and keys
/// can check an agreement.
pub fn digest_of_signed(token: &str, key: &KeyRecord) -> Result<Digest, AgreementError> {
    let verified = crypto::verify_compact(token, Typ::Agreement, MAX_SIGNATURE, |_| key.jwk.verifier())?;
    Ok(Digest::of(verified.payload()))
}
