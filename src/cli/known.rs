//! What the gateway knows of others: the node's receipt key and the keys of other organisations, each pinned the first time it is seen.
//!
//! The hub hands out other organisations' statements, and could hand out wrong ones; it cannot sign them. So every statement is verified
//! against the root key, and the root key's thumbprint is kept in the home: a different one later is refused until somebody has
//! compared it outside of the hub.

use std::{collections::BTreeMap, fs, sync::Arc};

use serde_json::Value;

use super::{
    CliError,
    client::HubClient,
    home::{Home, replace},
};
use crate::{
    crypto::{Kid, PublicJwk, Typ, VerifyingKey, verify_compact},
    kernel::{Code, Digest, Fault, Timestamp, id::OrganisationId},
    members::{FormerRoot, KeyRecord, KeyState, MAX_STATEMENT, STATEMENT_DEPTH, Statement, follow},
    packets::{KeyLookup, KnownKey, PacketError},
};

/// Keys of organisations, verified against their pinned roots.
#[derive(Default)]
pub(super) struct KnownKeys(BTreeMap<Kid, Arc<KnownKey>>);

impl KeyLookup for KnownKeys {
    fn key(&mut self, kid: &Kid) -> Result<Option<Arc<KnownKey>>, PacketError> {
        Ok(self.0.get(kid).cloned())
    }
}

impl KnownKeys {
    /// Fetches, verifies and adds the keys of an organisation.
    pub(super) async fn add(
        &mut self,
        home: &Home,
        hub: &HubClient,
        organisation: OrganisationId,
    ) -> Result<(), CliError> {
        let history = hub.key_history(organisation).await?;
        self.believe(home, organisation, &history)?;
        // Kept, so that signatures can be verified without the hub.
        replace(&kept(home, organisation)?, history.to_string().as_bytes())
    }

    /// Adds the keys of an organisation as they were when they were last fetched. Needs no hub.
    pub(super) fn add_kept(&mut self, home: &Home, organisation: OrganisationId) -> Result<(), CliError> {
        let path = kept(home, organisation)?;
        let bytes = fs::read(&path).map_err(|_ignored| {
            CliError::new(
                Code::new("known.missing", Fault::NotFound),
                format!("this gateway has never fetched the keys of {organisation}; run `throughline agreement fetch` once"),
            )
        })?;
        let history = serde_json::from_slice(&bytes)
            .map_err(|_ignored| wrong("the keys that were kept cannot be read; fetch them again"))?;
        self.believe(home, organisation, &history)
    }

    fn believe(
        &mut self,
        home: &Home,
        organisation: OrganisationId,
        history: &Value,
    ) -> Result<(), CliError> {
        let root: PublicJwk = member(history, "root")?;
        let former: Vec<FormerRoot> = match history.get("former") {
            Some(_) => member(history, "former")?,
            None => Vec::new(),
        };
        let statements: Vec<String> = member(history, "statements")?;
        let records = records(organisation, (&root, &former), &statements)?;
        pin(home, &organisation.to_string(), root.kid())?;
        self.0.extend(
            records.into_iter().map(|record| (record.jwk.kid().clone(), Arc::new(KnownKey::new(record)))),
        );
        Ok(())
    }

    /// The key of an organisation that a signature names, if it could sign at that moment.
    pub(super) fn signer(
        &self,
        organisation: OrganisationId,
        kid: &Kid,
        at: Timestamp,
    ) -> Option<Arc<VerifyingKey>> {
        let key = &self.0.get(kid)?.record;
        if key.organisation == organisation && key.may_sign_at(at) { key.jwk.verifier() } else { None }
    }

    /// The newest key of each reader role of an organisation that something may be encrypted to now.
    pub(super) fn readers(&self, organisation: OrganisationId, now: Timestamp) -> Vec<&KeyRecord> {
        let mut newest: BTreeMap<&str, &KeyRecord> = BTreeMap::new();
        for key in self.0.values().map(|key| &key.record) {
            let usable =
                key.organisation == organisation && key.state == KeyState::Active && key.may_encrypt_at(now);
            if usable && newest.get(key.role.as_str()).is_none_or(|other| other.from < key.from) {
                newest.insert(&key.role, key);
            }
        }
        newest.into_values().collect()
    }
}

/// The key the node signs its receipts with.
pub(super) async fn node_key(home: &Home, hub: &HubClient) -> Result<Arc<VerifyingKey>, CliError> {
    let node = hub.get("/.well-known/throughline-node").await?.body;
    let key: PublicJwk = member(&node, "receipts")?;
    pin(home, "node", key.kid())?;
    key.verifier().ok_or_else(|| wrong("the node's receipt key is not a signing key"))
}

fn kept(home: &Home, organisation: OrganisationId) -> Result<std::path::PathBuf, CliError> {
    Ok(home.folder("known")?.join(format!("{organisation}.json")))
}

/// Keeps a thumbprint the first time, and refuses another one later.
fn pin(home: &Home, name: &str, kid: &Kid) -> Result<(), CliError> {
    let path = home.folder("known")?.join(name);
    match fs::read_to_string(&path) {
        Ok(pinned) if pinned.trim() == kid.as_str() => Ok(()),
        Ok(pinned) => Err(CliError::new(
            Code::new("known.changed", Fault::Refused),
            format!(
                "the key of {name} is not the one this gateway knows ({} then, {kid} now). Ask them over another channel; if the \
                 new one is right, remove {}",
                pinned.trim(),
                path.display()
            ),
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => replace(&path, kid.as_str().as_bytes()),
        Err(error) => Err(error.into()),
    }
}

/// Verifies the chain of statements and answers what the last one says, with the moments the earlier ones tell. Where a root key was
/// replaced, everything it stood for ends.
fn records(
    organisation: OrganisationId,
    (root, former): (&PublicJwk, &[FormerRoot]),
    statements: &[String],
) -> Result<Vec<KeyRecord>, CliError> {
    let mut records: BTreeMap<Kid, KeyRecord> = BTreeMap::new();
    let (mut seq, mut prev) = (0i64, None);
    let mut before = former.iter().peekable();
    for token in statements {
        while let Some(replaced) = before.next_if(|replaced| replaced.last_seq <= seq) {
            end_all(&mut records, replaced.replaced_at);
        }
        let jwk = before.peek().map_or(root, |replaced| &replaced.root);
        let verifier = jwk.verifier().ok_or_else(|| wrong("the root key is not a signing key"))?;
        let signed = verify_compact(token, Typ::Directory, MAX_STATEMENT, |kid| {
            (kid == verifier.kid()).then(|| Arc::clone(&verifier))
        })?;
        let statement: Statement = signed
            .claims(STATEMENT_DEPTH)
            .map_err(|_ignored| wrong("a statement about keys is malformed"))?;
        seq = seq.saturating_add(1);
        if statement.org != organisation || statement.seq != seq || statement.prev != prev {
            return Err(wrong(
                "the statements about keys do not form one chain: the hub may be showing a fork",
            ));
        }
        prev = Some(Digest::of(token));
        let at = Timestamp::from_seconds(statement.iat);
        for key in statement.keys {
            let record = follow(records.get(key.jwk.kid()), &key, organisation, at).map_err(wrong)?;
            records.insert(record.jwk.kid().clone(), record);
        }
    }
    for replaced in before {
        end_all(&mut records, replaced.replaced_at);
    }
    Ok(records.into_values().collect())
}

/// Revokes every key that was not revoked before.
fn end_all(records: &mut BTreeMap<Kid, KeyRecord>, at: Timestamp) {
    for key in records.values_mut().filter(|key| key.revoked_at.is_none()) {
        key.state = KeyState::Revoked;
        key.revoked_at = Some(at);
    }
}

fn member<T: serde::de::DeserializeOwned>(document: &Value, name: &str) -> Result<T, CliError> {
    let value = document.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|_ignored| wrong("the hub's answer is not of the expected form"))
}

fn wrong(sentence: &str) -> CliError {
    CliError::new(Code::new("known.unusable", Fault::Refused), sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::{SigningKey, sign_compact},
        kernel::id::SystemIds,
        members::StatedKey,
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn statement(
        root: &SigningKey,
        org: OrganisationId,
        before: &[String],
        key: &SigningKey,
        status: KeyState,
    ) -> String {
        let seq = i64::try_from(before.len()).unwrap() + 1;
        let statement = Statement {
            v: 1,
            org,
            seq,
            prev: before.last().map(Digest::of),
            keys: vec![StatedKey {
                jwk: key.public().clone(),
                role: "sign".into(),
                nbf: NOW.seconds(),
                exp: NOW.seconds() + 86_400,
                status,
                compromised_at: None,
            }],
            iat: NOW.seconds() + seq,
        };
        sign_compact(root, Typ::Directory, &serde_json::to_vec(&statement).unwrap()).unwrap()
    }

    #[test]
    fn a_chain_of_statements_is_followed_and_a_fork_is_refused() {
        let (root, key) =
            (SigningKey::generate(&SystemIds).unwrap(), SigningKey::generate(&SystemIds).unwrap());
        let org = OrganisationId::new(&SystemIds, NOW);
        let first = vec![statement(&root, org, &[], &key, KeyState::Active)];
        let mut both = first.clone();
        both.push(statement(&root, org, &first, &key, KeyState::Retired));
        let known = records(org, (root.public(), &[]), &both).unwrap();
        assert_eq!(known[0].retired_at, Some(Timestamp::from_seconds(NOW.seconds() + 2)));
        let other_first = vec![statement(&root, org, &[], &key, KeyState::Announced)];
        let forked = vec![first[0].clone(), statement(&root, org, &other_first, &key, KeyState::Retired)];
        assert!(records(org, (root.public(), &[]), &forked).is_err());
        let stranger = SigningKey::generate(&SystemIds).unwrap();
        assert!(records(org, (stranger.public(), &[]), &first).is_err());
        assert!(records(OrganisationId::new(&SystemIds, NOW), (root.public(), &[]), &first).is_err());
    }

    #[test]
    fn what_a_replaced_root_stood_for_is_over_and_the_chain_goes_on_under_the_new_one() {
        let new = || SigningKey::generate(&SystemIds).unwrap();
        let (old, root, key) = (new(), new(), new());
        let org = OrganisationId::new(&SystemIds, NOW);
        let mut chain = vec![statement(&old, org, &[], &key, KeyState::Active)];
        let at = Timestamp::from_seconds(NOW.seconds() + 100);
        let former = [FormerRoot { root: old.public().clone(), last_seq: 1, replaced_at: at }];
        let known = records(org, (root.public(), &former), &chain).unwrap();
        assert_eq!((known[0].state, known[0].revoked_at), (KeyState::Revoked, Some(at)));
        let mut revived = chain.clone();
        revived.push(statement(&root, org, &chain, &key, KeyState::Active));
        assert!(records(org, (root.public(), &former), &revived).is_err(), "a revoked key came back");
        let mut by_the_old = chain.clone();
        by_the_old.push(statement(&old, org, &chain, &key, KeyState::Revoked));
        assert!(records(org, (root.public(), &former), &by_the_old).is_err(), "the old root still speaks");
        chain.push(statement(&root, org, &chain, &key, KeyState::Revoked));
        let known = records(org, (root.public(), &former), &chain).unwrap();
        assert_eq!(known[0].revoked_at, Some(at));
    }
}
