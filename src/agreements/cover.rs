//! What an agreement contributes to judging a packet: found with one indexed query when its document is in memory.
//!
//! A document never changes under its digest, so parsed terms are kept for the whole process, up to a bound.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use super::{Agreement, AgreementError, Document, Terms, store};
use crate::{
    crypto::Kid,
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, OrganisationId},
    },
    members,
    storage::{Db, StorageError},
};

/// How many parsed documents are kept.
const KEPT: usize = 512;

static PARSED: LazyLock<RwLock<HashMap<Digest, Arc<Terms>>>> = LazyLock::new(RwLock::default);

/// A version of an agreement with its terms.
#[derive(Clone, Debug)]
pub struct Cover {
    /// Where it stands.
    pub agreement: Agreement,
    /// What it says.
    pub terms: Arc<Terms>,
}

/// A version of an agreement as packets cite it; `None` when it is not known, or nobody was offered it yet.
pub fn cover(db: &mut Db<'_>, id: AgreementId, version: u32) -> Result<Option<Cover>, AgreementError> {
    let known = |digest: &str| Some(parsed(digest.parse().ok()?)?.parties());
    let Some(agreement) = store::find_knowing(db, id, version, known)? else { return Ok(None) };
    let terms = terms_of(db, &agreement)?;
    Ok(Some(Cover { agreement, terms }))
}

/// Whether every party of an agreement signed it with a key that was its own then. A key that was stolen before it signed is often known to
/// be so only later: then what it signed is worth nothing, whatever the agreement's state says, and the parties sign another version.
pub fn signatures_stand(db: &mut Db<'_>, agreement: &Agreement) -> Result<bool, AgreementError> {
    let signed = store::signed_with(db, agreement.id, agreement.version)?;
    let kids: Vec<&Kid> = signed.iter().map(|(_, kid, _)| kid).collect();
    let keys = members::find_keys(db, &kids)?;
    let stands = |party: &OrganisationId, kid: &Kid, at: Timestamp| {
        let mut theirs = keys.iter().filter(|key| key.organisation == *party && key.jwk.kid() == kid);
        theirs.any(|key| key.may_sign_at(at))
    };
    let has_signed = |party: &OrganisationId| {
        signed.iter().any(|(signer, kid, at)| signer == party && stands(party, kid, *at))
    };
    Ok(!agreement.parties.is_empty() && agreement.parties.iter().all(has_signed))
}

/// The version in force between two organisations, for showing what could be cited. Newest first when there are several.
pub fn covering(
    db: &mut Db<'_>,
    from: OrganisationId,
    to: OrganisationId,
) -> Result<Vec<Cover>, AgreementError> {
    store::in_force_between(db, from, to)?
        .into_iter()
        .map(|agreement| terms_of(db, &agreement).map(|terms| Cover { agreement, terms }))
        .collect()
}

/// Whether some agreement that took effect covers a direction.
pub fn covers_direction(
    db: &mut Db<'_>,
    from: OrganisationId,
    to: OrganisationId,
) -> Result<bool, AgreementError> {
    Ok(!store::in_force_between(db, from, to)?.is_empty())
}

fn parsed(digest: Digest) -> Option<Arc<Terms>> {
    PARSED.read().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned()
}

fn terms_of(db: &mut Db<'_>, agreement: &Agreement) -> Result<Arc<Terms>, AgreementError> {
    if let Some(terms) = parsed(agreement.digest) {
        return Ok(terms);
    }
    let bytes = store::document(db, agreement.id, agreement.version)?;
    if Digest::of(&bytes) != agreement.digest {
        return Err(StorageError::Unreadable("agreements.document").into());
    }
    let document =
        Document::parse(&bytes).map_err(|_ignored| StorageError::Unreadable("agreements.document"))?;
    let terms = Arc::new(Terms::of(document, agreement.digest));
    let mut parsed = PARSED.write().unwrap_or_else(PoisonError::into_inner);
    if parsed.len() >= KEPT {
        parsed.clear();
    }
    parsed.insert(agreement.digest, Arc::clone(&terms));
    Ok(terms)
}
