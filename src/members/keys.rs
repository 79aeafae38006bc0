//! The keys of organisations as everybody may see them.

use serde::{Deserialize, Serialize};

use super::{MemberError, organisation::words, store};
use crate::{
    access::{Actor, Permission},
    crypto::{Kid, PublicJwk},
    kernel::{
        Timestamp,
        id::OrganisationId,
        page::{Asked, Cursor, Page},
    },
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
        let good = [self.compromised_at, self.revoked_at].into_iter().flatten().all(|bad| at < bad);
        known && good && self.from <= at && at < self.until
    }
}

/// The statements an organisation has made about its keys: the permanent history.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeyHistory {
    /// The root key that signed them. Compare its thumbprint with the one you were told outside of this hub.
    #[schema(value_type = Object)]
    pub root: PublicJwk,
    /// Root keys it had before, oldest first. What they signed shows what was once said; since they were replaced it counts for nothing.
    pub former: Vec<FormerRoot>,
    /// The statements of this page as they were signed, oldest first.
    pub statements: Vec<String>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next: Option<Cursor>,
}

/// A root key that was replaced because it was lost or was not the organisation's alone any more. Every key it stood for was revoked
/// at that moment.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FormerRoot {
    /// The key.
    #[schema(value_type = Object)]
    pub root: PublicJwk,
    /// Number of the last statement that it signed; 0 when there is none.
    pub last_seq: i64,
    /// When it was replaced.
    #[schema(value_type = String, format = DateTime)]
    pub replaced_at: Timestamp,
}

/// How long something may still be encrypted to a retired key.
const GRACE: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// One key by its thumbprint.
pub fn find_key(db: &mut Db<'_>, kid: &Kid) -> Result<Option<KeyRecord>, MemberError> {
    store::key(db, kid)
}

/// Those of these keys that somebody announced, whatever their state, in any order; read together.
pub fn find_keys(db: &mut Db<'_>, kids: &[&Kid]) -> Result<Vec<KeyRecord>, MemberError> {
    store::keys_among(db, kids)
}

/// The roles at an organisation that something may be encrypted to at this moment, each once. The keys themselves are not read.
pub fn reader_roles(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    at: Timestamp,
) -> Result<Vec<String>, MemberError> {
    store::reader_roles(db, organisation, at, GRACE)
}

/// How many days before its end a key is spoken of.
const ENDS_SOON_DAYS: i64 = 60;

/// The keys in use of the actor's organisation that end within sixty days or have ended, what ends first comes first. For whoever manages them.
pub fn ending_keys(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<KeyRecord>, MemberError> {
    actor.may(Permission::ManageKeys)?;
    let own = actor.for_organisation()?;
    let soon = now.plus(chrono::TimeDelta::days(ENDS_SOON_DAYS));
    let rows = store::ending_keys(db, own, soon, (asked.after_moment(), asked.rows_to_load()))?;
    Ok(asked.page(rows, |key| format!("{} {}", key.until.micros(), key.jwk.kid())))
}

/// The thumbprint of an organisation's root key.
pub fn root_kid(db: &mut Db<'_>, organisation: OrganisationId) -> Result<Kid, MemberError> {
    Ok(store::root_key(db, organisation)?.kid().clone())
}

/// What the organisation ever said about its keys, page by page.
pub fn key_history(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: OrganisationId,
    asked: &Asked,
) -> Result<KeyHistory, MemberError> {
    actor.may(Permission::ReadDirectory)?;
    let root = store::root_key(db, organisation)?;
    let former = store::former_roots(db, organisation)?;
    let after = asked.after().and_then(|seq| seq.parse().ok()).unwrap_or(0);
    let page = asked
        .page(store::statements(db, organisation, after, asked.rows_to_load())?, |(seq, _)| seq.to_string());
    let statements = page.items.into_iter().map(|(_seq, statement)| statement).collect();
    Ok(KeyHistory { root, former, statements, next: page.next })
}

/// The usable keys of an organisation as a JWK Set (RFC 7517), for anybody who is a member.
pub fn jwks_of(
    db: &mut Db<'_>,
    actor: &Actor,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<serde_json::Value, MemberError> {
    actor.may(Permission::ReadDirectory)?;
    store::organisation(db, organisation)?;
    let keys = store::keys(db, organisation)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crypto::SigningKey, kernel::id::SystemIds};

    fn revoked(revoked_at: Option<i64>, compromised_at: Option<i64>) -> KeyRecord {
        let at = Timestamp::from_seconds;
        KeyRecord {
            jwk: SigningKey::generate(&SystemIds).unwrap().public().clone(),
            organisation: OrganisationId::new(&SystemIds, at(1)),
            r#use: KeyUse::Sign,
            role: String::from("sign"),
            state: KeyState::Revoked,
            from: at(0),
            until: at(1_000),
            retired_at: None,
            revoked_at: revoked_at.map(at),
            compromised_at: compromised_at.map(at),
        }
    }

    #[test]
    fn a_key_is_worth_nothing_from_the_earlier_of_revocation_and_compromise_on() {
        for (revoked_at, compromised_at, last_good) in [
            (Some(100), None, 99),
            (Some(100), Some(50), 49),
            (Some(100), Some(900), 99),
            (None, Some(50), 49),
        ] {
            let key = revoked(revoked_at, compromised_at);
            assert!(key.may_sign_at(Timestamp::from_seconds(last_good)), "{key:?}");
            assert!(!key.may_sign_at(Timestamp::from_seconds(last_good + 1)), "{key:?}");
        }
    }
}
