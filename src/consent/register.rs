//! Register a scope certificate: from now on packets may cite it.

use serde::Deserialize;

use super::{
    certificate::Claims,
    error::ConsentError,
    store,
    views::CertificateView,
    withdrawal::{DeniedPart, Fall},
};
use crate::{
    access::{Permission, Tx},
    audit,
    crypto::{Typ, peek_kid, verify_compact},
    kernel::{Digest, id::OrganisationId},
    members,
    policy::Policy,
};

/// The longest certificate token, in characters: claims in base64url, with header and signature.
pub const MAX_CERTIFICATE: usize = 34_000;

/// How far ahead of the hub's clock a gateway's may be, in seconds.
const SKEW: i64 = 300;

/// A certificate to register.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The certificate, a compact JWS of type rp1-scope+jws.
    #[schema(max_length = 34_000)]
    pub certificate: String,
}

/// Registers a certificate of the acting organisation. The same one again changes nothing. One of a newer version of the consent
/// replaces every certificate of the older version.
pub fn register(tx: &mut Tx<'_>, cmd: &Register, policy: &Policy) -> Result<CertificateView, ConsentError> {
    tx.actor().may(Permission::RegisterConsent)?;
    let issuer = tx.actor().for_organisation()?;
    let claims = signed_by(tx, issuer, &cmd.certificate, policy)?;
    if let Some(known) = store::find(tx.db(), claims.id)? {
        let same = known.issuer == issuer && known.digest == Digest::of(&cmd.certificate);
        return if same { Ok(CertificateView::of(&known)) } else { Err(ConsentError::IdReused) };
    }
    may_begin(tx, &claims)?;
    if store::code_is_taken(tx, &claims)? {
        return Err(ConsentError::CodeTaken);
    }
    take_version(tx, &claims)?;
    let denied = still_denied(tx, &claims)?;
    store::insert(tx, &claims, &cmd.certificate, &denied)?;
    let (id, after) = (claims.id.to_string(), Digest::of(&cmd.certificate));
    let mut record = audit::Record::about(&id);
    record.after = Some(after);
    audit::record(tx, &record)?;
    let registered = store::find(tx.db(), claims.id)?.ok_or(ConsentError::IdReused)?;
    Ok(CertificateView::of(&registered))
}

fn signed_by(
    tx: &mut Tx<'_>,
    issuer: OrganisationId,
    token: &str,
    policy: &Policy,
) -> Result<Claims, ConsentError> {
    let kid = peek_kid(token, Typ::Scope, MAX_CERTIFICATE).map_err(|_gate| ConsentError::SignerRefused)?;
    let key = members::find_key(tx.db(), &kid)?.ok_or(ConsentError::SignerRefused)?;
    let may_sign = key.organisation == issuer && key.may_sign_at(tx.now());
    let verifier = key.jwk.verifier().filter(|_verifier| may_sign).ok_or(ConsentError::SignerRefused)?;
    let signed = verify_compact(token, Typ::Scope, MAX_CERTIFICATE, |named| {
        (named == verifier.kid()).then(|| verifier.clone())
    })
    .map_err(|_gate| ConsentError::SignerRefused)?;
    let claims = Claims::parse(signed.payload(), policy)?;
    if claims.iss == issuer { Ok(claims) } else { Err(ConsentError::SignerRefused) }
}

fn may_begin(tx: &mut Tx<'_>, claims: &Claims) -> Result<(), ConsentError> {
    if claims.aud == claims.iss || !members::is_active(tx.db(), claims.aud)? {
        return Err(ConsentError::RecipientRefused);
    }
    let now = tx.now();
    if claims.iat > now.seconds().saturating_add(SKEW) {
        return Err(ConsentError::FromTheFuture);
    }
    if claims.expires() <= now { Err(ConsentError::Over) } else { Ok(()) }
}

/// One version counts at a time, and one record stands behind a version.
fn take_version(tx: &mut Tx<'_>, claims: &Claims) -> Result<(), ConsentError> {
    let Some((newest, record)) = store::newest(tx, claims.iss, claims.sub)? else {
        return Ok(store::begin(tx, claims)?);
    };
    if claims.ver < newest {
        return Err(ConsentError::VersionOld { known: newest });
    }
    if claims.ver > newest {
        return Ok(store::supersede(tx, claims)?);
    }
    let taken = record != claims.record
        || store::of_person(tx.db(), claims.iss, claims.sub)?
            .iter()
            .any(|other| other.record_version == claims.ver && other.recipient == claims.aud);
    if taken { Err(ConsentError::VersionTaken) } else { Ok(()) }
}

/// A withdrawal reaches every certificate of the versions known when it came, those registered later too.
fn still_denied(tx: &mut Tx<'_>, claims: &Claims) -> Result<Vec<DeniedPart>, ConsentError> {
    let mut denied = Vec::new();
    for withdrawal in store::withdrawals_of(tx.db(), claims.iss, claims.sub)? {
        if withdrawal.record_version < claims.ver {
            continue;
        }
        for fall in withdrawal.extent.reaches([claims]) {
            match fall {
                Fall::Whole(_) => return Err(ConsentError::TakenBack),
                Fall::Part(_, part) => denied.push(part),
            }
        }
    }
    Ok(denied)
}
