//! What an organisation keeps at the hub, sealed to itself: consent records, and its own cases under nicknames.

use serde::{Deserialize, Serialize};

use super::{CustodyError, store};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    crypto::{self, Kid, Typ},
    kernel::{
        Timestamp,
        id::{OrganisationId, PaperId},
        page::{Asked, Page},
    },
    members::{self, KeyUse, words},
    storage::Db,
};

/// How long a sealed paper may be, in characters: a consent record of the greatest length, signed and sealed.
pub const MAX_PAPER: usize = 262_144;
/// How many papers an organisation may keep.
pub const MOST_PAPERS: i64 = 100_000;

words! {
    /// What kind of paper it is. The hub sees no more of it.
    PaperKind {
        /// A consent record with its certificates.
        Consent = "consent",
        /// A person as the organisation knows them: a nickname, and which consents and referrals are theirs.
        Case = "case",
    }
}

/// A paper to keep.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepPaper {
    /// What kind it is.
    pub kind: PaperKind,
    /// Compact JWE of type `rp1-kept+jwe`, to a key of the organisation.
    #[schema(max_length = 262_144)]
    pub sealed: String,
}

/// A paper as it lies here.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PaperView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: PaperId,
    /// What kind it is.
    pub kind: PaperKind,
    /// Thumbprint of the key it is sealed to.
    #[schema(value_type = String)]
    pub kid: Kid,
    /// Compact JWE of type `rp1-kept+jwe`.
    pub sealed: String,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// Counts the changes.
    pub version: i64,
}

/// Keeps a paper; `version` is that of the one it replaces. It must be sealed to a key that the organisation states.
pub fn keep_paper(
    tx: &mut Tx<'_>,
    id: PaperId,
    cmd: &KeepPaper,
    version: Option<i64>,
) -> Result<PaperView, CustodyError> {
    let organisation = keeper(tx.actor())?;
    let kid = crypto::check_shape_to(&cmd.sealed, Typ::Kept, MAX_PAPER)?;
    let key = members::find_key(tx.db(), &kid)?;
    let is_ours = key.is_some_and(|key| {
        key.organisation == organisation && key.r#use == KeyUse::Encrypt && key.may_encrypt_at(tx.now())
    });
    if !is_ours {
        return Err(CustodyError::NoSuchKey);
    }
    let paper = |version| PaperView {
        id,
        kind: cmd.kind,
        kid,
        sealed: cmd.sealed.clone(),
        changed_at: tx.now(),
        version,
    };
    if let Some(version) = version {
        let paper = paper(version.saturating_add(1));
        store::update_paper(tx, organisation, &paper, version)?;
        return Ok(paper);
    }
    let paper = paper(1);
    tx.take_turn(&["kept_papers", &organisation.to_string()])?;
    if store::count_papers(tx.db(), organisation)? >= MOST_PAPERS {
        return Err(CustodyError::TooManyPapers { most: MOST_PAPERS });
    }
    store::insert_paper(tx, organisation, &paper)?;
    Ok(paper)
}

/// The papers of one kind, newest first.
pub fn list_papers(
    db: &mut Db<'_>,
    actor: &Actor,
    kind: PaperKind,
    asked: &Asked,
) -> Result<Page<PaperView>, CustodyError> {
    let organisation = keeper(actor)?;
    let rows = store::papers(db, (organisation, kind), asked)?;
    Ok(asked.page(rows, |paper| paper.id.to_string()))
}

/// One paper.
pub fn find_paper(db: &mut Db<'_>, actor: &Actor, id: PaperId) -> Result<PaperView, CustodyError> {
    let organisation = keeper(actor)?;
    Ok(store::paper(db, organisation, id)?.ok_or(AccessError::NotFound)?)
}

/// Throws a paper away. What was sealed once and copied elsewhere is not reached by it.
pub fn throw_away(tx: &mut Tx<'_>, id: PaperId, version: i64) -> Result<(), CustodyError> {
    let organisation = keeper(tx.actor())?;
    store::delete_paper(tx, organisation, id, version)
}

/// Whoever works on referrals works with their papers.
fn keeper(actor: &Actor) -> Result<OrganisationId, AccessError> {
    actor.may(Permission::ReadReferrals)?;
    actor.for_organisation()
}
