//! The keys of organisations as everybody may see them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MemberError, organisation::words, store};
use crate::{
    access::{Actor, Permission},
    crypto::{Kid, PublicJwk},
    kernel::{Timestamp, id::OrganisationId},
    storage::Db,
};

words! {
    /// What a key is for. No key is for two things.
    KeyUse {
        /// Signs packets, events, certificates and agreements.
        Sign = "sign",
        /// Packets are encrypted to it.
        Encrypt = "encrypt",
    }
}

words! {
    /// Where a key stands.
    KeyState {
        /// Known, not to be used yet.
        Announced = "announced",
        /// In use.
        Active = "active",
        /// Not to be used for new things.
        Retired = "retired",
        /// Withdrawn: what it signed after it was compromised is worth nothing.
        Revoked = "revoked",
    }
}

/// A key with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    /// The key.
    pub jwk: PublicJwk,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What it is for.
    pub r#use: KeyUse,
    /// For encryption: who reads with it (`intake`, `medical` …). For signing: who signs with it.
    pub role: String,
    /// Where it stands.
    pub state: KeyState,
    /// From when it may be used.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// From when on its signatures are worth nothing.
    pub compromised_at: Option<Timestamp>,
}

impl KeyRecord {
    /// Whether a signature made with it and received at this moment counts.
    pub fn may_sign_at(&self, at: Timestamp) -> bool {
        self.r#use == KeyUse::Sign && self.stands_at(at) && self.retired_at.is_none_or(|retired| at < retired)
    }

    /// Whether something may be encrypted to it at this moment; a retired key has seven days of grace (packet format 7).
    pub fn may_encrypt_at(&self, at: Timestamp) -> bool {
        self.r#use == KeyUse::Encrypt
            && self.stands_at(at)
            && self.retired_at.is_none_or(|retired| at < retired.plus(GRACE))
    }

    fn stands_at(&self, at: Timestamp) -> bool {
        let known = self.state != KeyState::Announced;
        let good = self.compromised_at.or(self.revoked_at).is_none_or(|bad| at < bad);
        known && good && self.from <= at && at < self.until
    }
}

/// The statements an organisation has made about its keys: the permanent history.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeyHistory {
    /// The root key that signed them. Compare its thumbprint with the one you were told outside of this hub.
    #[schema(value_type = Object)]
    pub root: PublicJwk,
    /// The statements as they were signed, oldest first.
    pub statements: Vec<String>,
}

/// How long something may still be encrypted to a retired key.
const GRACE: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// One key by its thumbprint.
pub fn find_key(db: &mut Db<'_>, kid: &Kid) -> Result<Option<KeyRecord>, MemberError> {
    store::key(db, kid)
}

/// The roles at an organisation that something may be encrypted to at this moment, each once. The keys themselves are not read.
pub fn reader_roles(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    at: Timestamp,
) -> Result<Vec<String>, MemberError> {
    store::reader_roles(db, organisation, at, GRACE)
}

/// The keys of an organisation, all states, and the statements they follow from.
pub fn keys_of(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: OrganisationId,
) -> Result<(Vec<KeyRecord>, KeyHistory), MemberError> {
    actor.may(Permission::ReadDirectory)?;
    store::organisation(db, organisation)?;
    let history = KeyHistory {
        root: store::root_key(db, organisation)?,
        statements: store::statements(db, organisation)?,
    };
    Ok((store::keys(db, organisation)?, history))
}

/// The usable keys of an organisation as a JWK Set (RFC 7517), for anybody who is a member.
pub fn jwks_of(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<serde_json::Value, MemberError> {
    let (keys, _history) = keys_of(db, actor, organisation)?;
    let usable = keys.into_iter().filter(|key| key.may_sign_at(now) || key.may_encrypt_at(now));
    let set: Vec<serde_json::Value> = usable
        .map(|key| {
            let mut jwk = serde_json::to_value(&key.jwk).unwrap_or_default();
            if let Some(members) = jwk.as_object_mut() {
                members.insert(String::from("role"), key.role.clone().into());
                members.insert(String::from("state"), key.state.name().into());
                members.insert(String::from("exp"), key.until.seconds().into());
            }
            jwk
        })
        .collect();
    Ok(serde_json::json!({ "keys": set }))
}
