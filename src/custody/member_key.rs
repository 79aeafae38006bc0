//! Keep a person's key, wrapped; and forget it when they are gone.

use serde::{Deserialize, Serialize};

use super::{CustodyError, PassphraseWrap, RecoveryWrap, store, view::person_of};
use crate::{
    access::Tx,
    crypto::PublicJwk,
    kernel::{Timestamp, id::StaffId},
    members,
};

/// A member key to keep.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepMemberKey {
    /// The public half (P-256, use `enc`).
    #[schema(value_type = Object)]
    pub jwk: PublicJwk,
    /// The private half under the passphrase.
    pub passphrase: PassphraseWrap,
    /// The private half under the recovery code.
    pub recovery: RecoveryWrap,
}

/// A person's own key as the hub keeps it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MemberKeyView {
    /// The public half.
    #[schema(value_type = Object)]
    pub jwk: PublicJwk,
    /// The private half under the passphrase.
    pub passphrase: PassphraseWrap,
    /// The private half under the recovery code.
    pub recovery: RecoveryWrap,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// Counts the changes.
    pub version: i64,
}

/// Keeps the key of the person who acts. `version` is that of the one it replaces: the same key may get other wraps; another key takes
/// its place, and the keyrings that were sealed to the old one go.
pub fn keep_member_key(
    tx: &mut Tx<'_>,
    cmd: &KeepMemberKey,
    version: Option<i64>,
) -> Result<MemberKeyView, CustodyError> {
    let (person, organisation) = person_of(tx.actor())?;
    if cmd.jwk.is_for_signing() {
        return Err(CustodyError::WrongUse);
    }
    cmd.passphrase.check()?;
    cmd.recovery.check()?;
    let before = store::member_key(tx.db(), person)?;
    let view = |made_at, version| MemberKeyView {
        jwk: cmd.jwk.clone(),
        passphrase: cmd.passphrase.clone(),
        recovery: cmd.recovery.clone(),
        made_at,
        version,
    };
    let (Some(before), Some(version)) = (&before, version) else {
        if before.is_some() {
            return Err(CustodyError::Exists);
        }
        members::require_new_key(tx.db(), cmd.jwk.kid())?;
        let made = view(tx.now(), 1);
        store::insert_member_key(tx, (person, organisation), &made)?;
        return Ok(made);
    };
    let is_same = before.jwk.kid() == cmd.jwk.kid();
    if !is_same {
        members::require_new_key(tx.db(), cmd.jwk.kid())?;
        store::delete_keyrings(tx, before.jwk.kid())?;
    }
    let made_at = if is_same { before.made_at } else { tx.now() };
    let made = view(made_at, version.saturating_add(1));
    store::update_member_key(tx, person, &made, version)?;
    Ok(made)
}

/// Forgets what is kept for a person who was removed. Their devices stay listed, as given up, until their organisation has revoked
/// them. Called in the write that removes them.
pub fn forget_person(tx: &mut Tx<'_>, person: StaffId) -> Result<(), CustodyError> {
    if let Some(key) = store::member_key(tx.db(), person)? {
        store::delete_keyrings(tx, key.jwk.kid())?;
        store::delete_member_key(tx, person)?;
    }
    store::give_up_devices_of(tx, person)
}
