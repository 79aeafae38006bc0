//! One run of a gateway command against its hub: home, keys and the line to the hub.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    CliError, Output,
    client::HubClient,
    home::{Home, Keyring},
    policy,
};
use crate::{
    crypto::Passphrase,
    kernel::{
        Code, Fault,
        id::{OrganisationId, SystemIds},
        time::SystemClock,
    },
};

/// A gateway that is signed in.
pub(super) struct Session<'a> {
    /// Where keys, pins and receipts lie.
    pub(super) home: &'a Home,
    /// The organisation's keys.
    pub(super) keyring: Keyring,
    /// The hub.
    pub(super) hub: HubClient,
}

impl<'a> Session<'a> {
    /// Asks for the passphrase, opens the keys, signs in, and keeps the policy the hub judges by.
    pub(super) async fn open(home: &'a Home, output: &Output) -> Result<Self, CliError> {
        let passphrase = home.passphrase("Passphrase: ")?;
        Self::open_with(home, &passphrase, output).await
    }

    /// Opens the keys and signs in.
    pub(super) async fn open_with(
        home: &'a Home,
        passphrase: &Passphrase,
        output: &Output,
    ) -> Result<Self, CliError> {
        let _working = output.working("Opening the keys and signing in ...");
        let keyring = home.keyring(passphrase)?;
        let hub = HubClient::sign_in(&home.connection()?, &keyring, &SystemClock, &SystemIds).await?;
        policy::follow(home, &hub).await?;
        Ok(Self { home, keyring, hub })
    }

    /// The organisation this gateway acts for.
    pub(super) fn organisation(&self) -> OrganisationId {
        self.hub.organisation
    }

    /// What the hub says of an organisation.
    pub(super) async fn member(&self, id: OrganisationId) -> Result<Value, CliError> {
        Ok(self.hub.get(&format!("/api/v1/organisations/{id}")).await?.body)
    }

    /// Names of organisations, for people to read.
    pub(super) async fn names(
        &self,
        ids: impl IntoIterator<Item = OrganisationId>,
    ) -> Result<Names, CliError> {
        let mut names = BTreeMap::new();
        for id in ids.into_iter().collect::<BTreeSet<_>>() {
            names.insert(id, part(&self.member(id).await?, "name")?);
        }
        Ok(Names(names))
    }
}

/// Names of organisations.
#[derive(Default)]
pub(super) struct Names(BTreeMap<OrganisationId, String>);

impl FromIterator<(OrganisationId, String)> for Names {
    fn from_iter<I: IntoIterator<Item = (OrganisationId, String)>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl Names {
    /// The name, or the id where nobody knows one.
    pub(super) fn of(&self, id: OrganisationId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
}

/// A member of the hub's answer.
pub(super) fn part<T: DeserializeOwned>(document: &Value, name: &str) -> Result<T, CliError> {
    serde_json::from_value(document.get(name).cloned().unwrap_or_default()).map_err(|_ignored| {
        CliError::new(
            Code::new("hub.unexpected_answer", Fault::Unavailable),
            format!("the hub's answer has no usable `{name}`; does it run the same release?"),
        )
    })
}

/// A text of the hub's answer; nothing when it is not there.
pub(super) fn text<'v>(document: &'v Value, name: &str) -> &'v str {
    document.get(name).and_then(Value::as_str).unwrap_or_default()
}
