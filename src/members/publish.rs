//! Publish keys: an organisation's root key signs what its keys are (packet format 7).
//!
//! A statement names the keys that it says something new of; a key that it does not name stays as it was stated last, so nothing that
//! was ever stated is forgotten, and an organisation may have more keys than one statement holds. It carries the number and the digest
//! of the one before, so that nobody, the hub included, can show different histories to different readers without being found out.
//!
//! Keys end. Those of people and their devices go on, as the same keys, when a later statement gives them a later end: what they sign
//! and open stays theirs. Reader keys do not; another key takes their place.

use serde::{Deserialize, Serialize};

use super::{
    KeyRecord, KeyState, KeyUse, MemberError,
    client::{may_manage, require_new},
    store,
};
use crate::{
    access::{Permission, Tx},
    crypto::{self, PublicJwk, Typ},
    kernel::{Digest, Timestamp, id::OrganisationId},
    outbox::{self, Event},
    policy::Policy,
};

/// How many keys one statement may name. What does not fit is said in the next one.
pub const MAX_KEYS: usize = 200;
/// How long a statement may be, in characters.
pub const MAX_STATEMENT: usize = 131_072;
/// The role of a key that signs.
const SIGN: &str = "sign";
/// The role of a person's own key, which opens what is for them.
pub const MEMBER_ROLE: &str = "member";
/// By how much the clock of whoever states a key may be ahead of the hub's.
const SKEW: chrono::TimeDelta = chrono::TimeDelta::minutes(5);
/// How deep a statement's claims are nested at most: the statement, its keys, a key, its JWK, and some room.
pub(crate) const STATEMENT_DEPTH: u8 = 6;

/// A signed statement about an organisation's keys.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishKeys {
    /// Compact JWS of type `rp1-directory+jws`, signed by the root key.
    #[schema(max_length = 131_072)]
    pub statement: String,
}

/// What the statement says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Version of the format: 1.
    pub v: u8,
    /// Whose keys.
    pub org: OrganisationId,
    /// 1 for the first, then one more each.
    pub seq: i64,
    /// Digest of the statement before; absent on the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<Digest>,
    /// The keys.
    pub keys: Vec<StatedKey>,
    /// When it was made, seconds.
    pub iat: i64,
}

/// One key as its organisation states it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedKey {
    /// The public key.
    pub jwk: PublicJwk,
    /// `sign` or the reader role it is encrypted to.
    pub role: String,
    /// Not before, seconds.
    pub nbf: i64,
    /// Not after, seconds.
    pub exp: i64,
    /// Where it stands.
    pub status: KeyState,
    /// With `revoked`: from when on its signatures are worth nothing, seconds. Not in the future; without it, from the revocation on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_at: Option<i64>,
}

/// Takes the statement: it must be signed by the organisation's root key and follow the last one.
pub fn publish_keys(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    cmd: &PublishKeys,
    policy: &Policy,
) -> Result<i64, MemberError> {
    if tx.actor().may(Permission::ManageKeys).is_err() {
        may_manage(tx.actor(), organisation)?;
    } else {
        tx.actor().must_act_for(organisation)?;
    }
    let root = store::root_key(tx.db(), organisation)?;
    let verified = crypto::verify_compact(&cmd.statement, Typ::Directory, MAX_STATEMENT, |kid| {
        (kid == root.kid()).then(|| root.verifier()).flatten()
    })?;
    let statement: Statement = verified
        .claims(STATEMENT_DEPTH)
        .map_err(|_ignored| MemberError::StatementRefused("its claims are malformed"))?;
    judge(&statement, organisation, root.kid())?;
    let last = store::last_statement(tx.db(), organisation)?;
    let (expected, prev) = last.map_or((1, None), |(seq, digest)| (seq.saturating_add(1), Some(digest)));
    if statement.seq != expected || statement.prev != prev {
        return Err(MemberError::BrokenChain { expected });
    }
    let before = store::keys(tx.db(), organisation)?;
    store::insert_statement(tx, organisation, statement.seq, Digest::of(&cmd.statement), &cmd.statement)?;
    for key in &statement.keys {
        let old = before.iter().find(|old| old.jwk.kid() == key.jwk.kid());
        if old.is_none() {
            require_new(tx.db(), key.jwk.kid())?;
        }
        // A policy that was tightened since does not undo what was stated before.
        let longest = policy.limits().keys.longest();
        let is_too_long = match old {
            None => key.exp.saturating_sub(key.nbf) > longest.num_seconds(),
            Some(old) => {
                let until = Timestamp::from_seconds(key.exp);
                until > old.until && until > tx.now().plus(longest).plus(SKEW)
            }
        };
        if is_too_long {
            return Err(MemberError::StatementRefused("a key lives no longer than the policy allows"));
        }
        if key.compromised_at.is_some_and(|at| Timestamp::from_seconds(at) > tx.now()) {
            return Err(MemberError::StatementRefused("a key cannot be compromised in the future"));
        }
        let record = follow(old, key, organisation, tx.now()).map_err(MemberError::StatementRefused)?;
        store::put_key(tx, &record, old.is_some())?;
    }
    outbox::say(
        tx,
        &Event {
            topic: "member.keys_published",
            organisation: None,
            payload: serde_json::json!({ "organisation": organisation, "seq": statement.seq }),
        },
    )?;
    Ok(statement.seq)
}

fn judge(statement: &Statement, organisation: OrganisationId, root: &crypto::Kid) -> Result<(), MemberError> {
    let refuse = |why| Err(MemberError::StatementRefused(why));
    if statement.v != 1 {
        return refuse("its version is not 1");
    }
    if statement.org != organisation {
        return refuse("it is about another organisation");
    }
    if statement.keys.len() > MAX_KEYS {
        return refuse("it names more than 200 keys");
    }
    for (place, key) in statement.keys.iter().enumerate() {
        if key.jwk.kid() == root {
            return refuse("the root key signs statements only");
        }
        if statement.keys.iter().take(place).any(|other| other.jwk.kid() == key.jwk.kid()) {
            return refuse("it names a key twice");
        }
        let role_is_plain = (1..=32).contains(&key.role.len())
            && key.role.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !role_is_plain {
            return refuse("a role is 1 to 32 lower-case letters, digits or _");
        }
        if key.jwk.is_for_signing() != (key.role == SIGN) {
            return refuse(
                "a key's use and its role must agree: sign for signing, a reader role for encryption",
            );
        }
        if key.exp <= key.nbf {
            return refuse("a key lives at least a second");
        }
        if key.compromised_at.is_some() && key.status != KeyState::Revoked {
            return refuse("only a revoked key can be compromised");
        }
    }
    Ok(())
}

/// The record that follows from what is stated at a moment and from what was known before. States only move forward; a key keeps
/// its role, its beginning and its compromise, and may end earlier than was once said. Later only what a person or a device has, while
/// it is neither retired nor revoked, be it over already or not. A state began when it was first stated, or earlier when that is known
/// otherwise.
pub(crate) fn follow(
    old: Option<&KeyRecord>,
    key: &StatedKey,
    organisation: OrganisationId,
    at: Timestamp,
) -> Result<KeyRecord, &'static str> {
    let (from, until) = (Timestamp::from_seconds(key.nbf), Timestamp::from_seconds(key.exp));
    let compromised = key.compromised_at.map(Timestamp::from_seconds);
    let goes_on = [SIGN, MEMBER_ROLE].contains(&key.role.as_str()) && key.status <= KeyState::Active;
    if let Some(old) = old {
        let known = old.compromised_at;
        for (broken, why) in [
            (key.status < old.state, "a key never goes back to an earlier state"),
            (key.role != old.role, "a key never changes its role"),
            (key.jwk != old.jwk, "a key never changes"),
            (from != old.from, "a key's beginning never changes"),
            (
                until > old.until && !goes_on,
                "only a key of a person or a device that is in use may end later than was said",
            ),
            (
                compromised.zip(known).is_some_and(|(now, before)| now > before),
                "the moment of a compromise may be found to be earlier, never later",
            ),
        ] {
            if broken {
                return Err(why);
            }
        }
    }
    let first_time = |state: KeyState, known: Option<Timestamp>| {
        if key.status == state { Some(known.map_or(at, |known| known.min(at))) } else { known }
    };
    Ok(KeyRecord {
        jwk: key.jwk.clone(),
        organisation,
        r#use: if key.role == SIGN { KeyUse::Sign } else { KeyUse::Encrypt },
        role: key.role.clone(),
        state: key.status,
        from,
        until,
        retired_at: first_time(KeyState::Retired, old.and_then(|o| o.retired_at)),
        revoked_at: first_time(KeyState::Revoked, old.and_then(|o| o.revoked_at)),
        compromised_at: compromised.or(old.and_then(|o| o.compromised_at)),
    })
}
