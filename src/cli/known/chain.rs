//! What an organisation said about its keys, once its statements form one chain and each is signed by the root key of its time. Pure.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::wrong;
use crate::{
    cli::CliError,
    crypto::{Kid, PublicJwk, Typ, verify_compact},
    kernel::{Digest, Timestamp, id::OrganisationId},
    members::{
        FormerRoot, KeyRecord, KeyState, MAX_STATEMENT, STATEMENT_DEPTH, StatedKey, Statement, follow,
    },
};

/// The history of an organisation's keys as a hub hands it out, and as a home keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct History {
    /// The root key.
    pub(super) root: PublicJwk,
    /// Those it had before, oldest first.
    #[serde(default)]
    pub(super) former: Vec<FormerRoot>,
    /// Its statements, oldest first.
    pub(super) statements: Vec<String>,
}

impl History {
    /// Every root key it names, the one in force first, each with the moment it was replaced.
    pub(super) fn roots(&self) -> Vec<(&Kid, Option<Timestamp>)> {
        let former = self.former.iter().map(|former| (former.root.kid(), Some(former.replaced_at)));
        std::iter::once((self.root.kid(), None)).chain(former).collect()
    }
}

/// What follows from a chain that holds.
pub(super) struct Chain {
    /// What the last statement that names it says of every key, with the moments that the earlier ones tell.
    pub(super) records: BTreeMap<Kid, KeyRecord>,
    /// The keys as they were stated last, in the order in which they came. Where the root key was replaced since, all are revoked.
    pub(super) stated: Vec<StatedKey>,
}

/// Verifies the chain. Where a root key was replaced, everything it stood for ends: at the moment the hub tells, which is not signed,
/// and never later than `now`, or than the first statement of the root key that came after it.
pub(super) fn verify(
    organisation: OrganisationId,
    history: &History,
    now: Timestamp,
) -> Result<Chain, CliError> {
    let mut chain = Chain { records: BTreeMap::new(), stated: Vec::new() };
    let (mut seq, mut prev) = (0i64, None);
    let mut before = history.former.iter().peekable();
    for token in &history.statements {
        let mut ended = None;
        while let Some(replaced) = before.next_if(|replaced| replaced.last_seq <= seq) {
            ended = ended.or(Some(replaced.replaced_at));
        }
        let jwk = before.peek().map_or(&history.root, |replaced| &replaced.root);
        let statement = signed_by(jwk, token)?;
        seq = seq.saturating_add(1);
        if statement.org != organisation || statement.seq != seq || statement.prev != prev {
            return Err(wrong(
                "the statements about keys do not form one chain: the hub may be showing a fork",
            ));
        }
        prev = Some(Digest::of(token));
        let at = Timestamp::from_seconds(statement.iat);
        if let Some(ended) = ended {
            chain.end(ended.min(now).min(at));
        }
        for key in &statement.keys {
            let record = follow(chain.records.get(key.jwk.kid()), key, organisation, at).map_err(wrong)?;
            chain.records.insert(record.jwk.kid().clone(), record);
        }
        for key in statement.keys {
            match chain.stated.iter_mut().find(|known| known.jwk.kid() == key.jwk.kid()) {
                Some(known) => *known = key,
                None => chain.stated.push(key),
            }
        }
    }
    for replaced in before {
        chain.end(replaced.replaced_at.min(now));
    }
    Ok(chain)
}

fn signed_by(root: &PublicJwk, token: &str) -> Result<Statement, CliError> {
    let verifier = root.verifier().ok_or_else(|| wrong("the root key is not a signing key"))?;
    let signed = verify_compact(token, Typ::Directory, MAX_STATEMENT, |kid| {
        (kid == verifier.kid()).then(|| Arc::clone(&verifier))
    })
    .map_err(|_ignored| wrong("a statement about keys is not signed by the root key of its time"))?;
    signed.claims(STATEMENT_DEPTH).map_err(|_ignored| wrong("a statement about keys is malformed"))
}

impl Chain {
    /// Revokes every key that was not revoked before.
    fn end(&mut self, at: Timestamp) {
        for key in self.records.values_mut().filter(|key| key.revoked_at.is_none()) {
            key.state = KeyState::Revoked;
            key.revoked_at = Some(at);
        }
        for key in &mut self.stated {
            key.status = KeyState::Revoked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::{SigningKey, sign_compact},
        kernel::id::SystemIds,
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    /// Later than anything below.
    const LATER: Timestamp = Timestamp::from_seconds(NOW.seconds() + 86_000);

    fn history(root: &SigningKey, former: &[FormerRoot], statements: &[String]) -> History {
        History { root: root.public().clone(), former: former.to_vec(), statements: statements.to_vec() }
    }

    fn records(
        org: OrganisationId,
        (root, former): (&SigningKey, &[FormerRoot]),
        statements: &[String],
    ) -> Result<Vec<KeyRecord>, CliError> {
        Ok(verify(org, &history(root, former, statements), LATER)?.records.into_values().collect())
    }

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
        let known = records(org, (&root, &[]), &both).unwrap();
        assert_eq!(known[0].retired_at, Some(Timestamp::from_seconds(NOW.seconds() + 2)));
        let other_first = vec![statement(&root, org, &[], &key, KeyState::Announced)];
        let forked = vec![first[0].clone(), statement(&root, org, &other_first, &key, KeyState::Retired)];
        assert!(records(org, (&root, &[]), &forked).is_err());
        let stranger = SigningKey::generate(&SystemIds).unwrap();
        assert!(records(org, (&stranger, &[]), &first).is_err());
        assert!(records(OrganisationId::new(&SystemIds, NOW), (&root, &[]), &first).is_err());
    }

    #[test]
    fn a_moment_that_only_the_hub_tells_lies_never_in_the_future() {
        let new = || SigningKey::generate(&SystemIds).unwrap();
        let (old, root, key) = (new(), new(), new());
        let org = OrganisationId::new(&SystemIds, NOW);
        let mut chain = vec![statement(&old, org, &[], &key, KeyState::Active)];
        let far = Timestamp::from_seconds(NOW.seconds() + 86_400 * 365);
        let former = [FormerRoot { root: old.public().clone(), last_seq: 1, replaced_at: far }];
        let known = records(org, (&root, &former), &chain).unwrap();
        assert_eq!(known[0].revoked_at, Some(LATER));
        assert!(!known[0].may_sign_at(LATER));
        chain.push(statement(&root, org, &chain, &key, KeyState::Revoked));
        let known = records(org, (&root, &former), &chain).unwrap();
        let stated = Timestamp::from_seconds(NOW.seconds() + 2);
        assert_eq!(known[0].revoked_at, Some(stated), "the new root says it was earlier");
    }

    #[test]
    fn what_a_replaced_root_stood_for_is_over_and_the_chain_goes_on_under_the_new_one() {
        let new = || SigningKey::generate(&SystemIds).unwrap();
        let (old, root, key) = (new(), new(), new());
        let org = OrganisationId::new(&SystemIds, NOW);
        let mut chain = vec![statement(&old, org, &[], &key, KeyState::Active)];
        let at = Timestamp::from_seconds(NOW.seconds() + 1);
        let former = [FormerRoot { root: old.public().clone(), last_seq: 1, replaced_at: at }];
        let known = records(org, (&root, &former), &chain).unwrap();
        assert_eq!((known[0].state, known[0].revoked_at), (KeyState::Revoked, Some(at)));
        let mut revived = chain.clone();
        revived.push(statement(&root, org, &chain, &key, KeyState::Active));
        assert!(records(org, (&root, &former), &revived).is_err(), "a revoked key came back");
        let mut by_the_old = chain.clone();
        by_the_old.push(statement(&old, org, &chain, &key, KeyState::Revoked));
        assert!(records(org, (&root, &former), &by_the_old).is_err(), "the old root still speaks");
        chain.push(statement(&root, org, &chain, &key, KeyState::Revoked));
        let known = records(org, (&root, &former), &chain).unwrap();
        assert_eq!(known[0].revoked_at, Some(at));
    }
}
