//! What the gateway knows of others: the node's receipt key and the keys of other organisations, each pinned the first time it is seen.
//!
//! The hub hands out organisations' statements, and could hand out wrong ones; it cannot sign them. So every statement is verified
//! against the root key of its time, and a root key that this home has not seen before is refused until somebody has compared it outside
//! of the hub. What was handed out once is kept: a history that lacks it later is refused as well, or the hub could take back that a key
//! was revoked. Our own organisation's history is held to the same, against the root key in this home, before anything is signed that
//! goes on from it.

mod chain;
mod roots;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use chain::{Chain, History};
pub(super) use roots::{Whose, trust};
use serde_json::Value;

use super::{CliError, client::HubClient, files, home::Home};
use crate::{
    crypto::{Kid, PublicJwk, VerifyingKey},
    kernel::{
        Code, Fault, Timestamp,
        id::OrganisationId,
        time::{Clock as _, SystemClock},
    },
    members::{KeyRecord, KeyState, StatedKey},
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
        let (_, chain) = fetch(home, hub, organisation).await?;
        self.extend(chain);
        Ok(())
    }

    /// Adds the keys of an organisation as they were when they were last fetched. Needs no hub.
    pub(super) fn add_kept(&mut self, home: &Home, organisation: OrganisationId) -> Result<(), CliError> {
        let history = kept(home, organisation)?.ok_or_else(|| {
            CliError::new(
                Code::new("known.missing", Fault::NotFound),
                format!("this gateway has never fetched the keys of {organisation}; run `throughline agreement fetch` once"),
            )
        })?;
        roots::require(home, Whose::Organisation(organisation), None, &history.roots())?;
        self.extend(chain::verify(organisation, &history, SystemClock.now())?);
        Ok(())
    }

    fn extend(&mut self, chain: Chain) {
        let records = chain.records.into_values();
        self.0.extend(records.map(|record| (record.jwk.kid().clone(), Arc::new(KnownKey::new(record)))));
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

/// What our own organisation has said about its keys.
pub(super) struct OwnStatements {
    /// The statements, oldest first.
    pub(super) tokens: Vec<String>,
    /// The keys as they were stated last. Where the root key was replaced since, all are revoked.
    pub(super) keys: Vec<StatedKey>,
    history: History,
}

/// Fetches and verifies it.
pub(super) async fn own_statements(home: &Home, hub: &HubClient) -> Result<OwnStatements, CliError> {
    let (history, chain) = fetch(home, hub, hub.organisation).await?;
    Ok(OwnStatements { tokens: history.statements.clone(), keys: chain.stated, history })
}

impl OwnStatements {
    /// Keeps a statement that was published, so that a history without it is refused.
    pub(super) fn keep(
        mut self,
        home: &Home,
        organisation: OrganisationId,
        token: String,
    ) -> Result<(), CliError> {
        self.history.statements.push(token);
        keep(home, organisation, &self.history)
    }
}

/// The key the node signs its receipts with.
pub(super) async fn node_key(home: &Home, hub: &HubClient) -> Result<Arc<VerifyingKey>, CliError> {
    let mut node = hub.get("/.well-known/throughline-node").await?.body;
    let key: PublicJwk = read(node.get_mut("receipts").map(Value::take).unwrap_or_default())?;
    roots::require(home, Whose::Node, None, &[(key.kid(), None)])?;
    key.verifier().ok_or_else(|| wrong("the node's receipt key is not a signing key"))
}

async fn fetch(
    home: &Home,
    hub: &HubClient,
    organisation: OrganisationId,
) -> Result<(History, Chain), CliError> {
    let history: History = read(hub.key_history(organisation).await?)?;
    let own = (organisation == hub.organisation).then_some(&hub.root);
    let chain = chain::verify(organisation, &history, SystemClock.now())?;
    let before = kept(home, organisation)?;
    if before.is_some_and(|before| !history.statements.starts_with(&before.statements)) {
        return Err(lacking(organisation, &path(home, organisation)?));
    }
    roots::require(home, Whose::Organisation(organisation), own, &history.roots())?;
    // Kept, so that signatures can be verified without the hub.
    keep(home, organisation, &history)?;
    Ok((history, chain))
}

fn lacking(organisation: OrganisationId, path: &std::path::Path) -> CliError {
    CliError::new(
        Code::new("known.lacking", Fault::Refused),
        format!(
            "what the hub hands out of {organisation}'s statements about its keys lacks some that it handed out before. Ask the \
             coordinator whether the node was restored from a backup; only if so, remove {} and try again",
            path.display()
        ),
    )
}

fn path(home: &Home, organisation: OrganisationId) -> Result<PathBuf, CliError> {
    Ok(home.folder("known")?.join(format!("{organisation}.json")))
}

fn kept(home: &Home, organisation: OrganisationId) -> Result<Option<History>, CliError> {
    let text = files::text_if_there(path(home, organisation)?)?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|_ignored| {
        wrong("the keys that were kept cannot be read; remove the file and fetch them again")
    })
}

fn keep(home: &Home, organisation: OrganisationId, history: &History) -> Result<(), CliError> {
    let text = serde_json::to_vec(history).map_err(|_ignored| wrong("the keys could not be written"))?;
    files::replace(&path(home, organisation)?, &text)
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, CliError> {
    serde_json::from_value(value).map_err(|_ignored| wrong("the hub's answer is not of the expected form"))
}

fn wrong(sentence: &str) -> CliError {
    CliError::new(Code::new("known.unusable", Fault::Refused), sentence)
}
