//! The world of a benchmark: a node, an organisation that sends, those that receive, and an agreement in force with each.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::{
    super::{
        CliError,
        client::HubClient,
        home::{Connection, Keyring},
        node::make_database,
        open_hub,
    },
    unfit,
};
use crate::{
    access::{Actor, Role, Tx},
    agreements::{self, Draft, Sign, Which},
    config::Settings,
    crypto::{Typ, sign_compact},
    directory::{self, ListService},
    hub::{Caller, Hub, NodeKeys},
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, ClientId, OrganisationId, RequestId, SystemIds},
        time::SystemClock,
    },
    members::{self, EnrolOrganisation, KeyState, PublishKeys, RegisterClient, StatedKey, Statement},
    packets::AgreementRef,
    policy::Policy,
};

/// The agreement, with blanks for the parties and the times.
const AGREEMENT: &str = include_str!("agreement.template.json");

/// How many packets an agreement allows in a day and in one direction; with more to send there are more recipients.
const PACKETS_PER_AGREEMENT: usize = 10_000;

/// Who can read at a recipient. The sender needs one key only, to read again what it sent.
const RECIPIENT_ROLES: [&str; 3] = ["intake", "case_worker", "medical"];
const SENDER_ROLES: [&str; 1] = ["case_worker"];

/// A member organisation with its keys.
pub(super) struct Party {
    /// Its id.
    pub(super) id: OrganisationId,
    /// Its machine client.
    pub(super) client: ClientId,
    /// Its keys.
    pub(super) keyring: Keyring,
}

/// Everybody who takes part.
pub(super) struct World {
    /// Who sends.
    pub(super) sender: Party,
    /// Who receives, each under an agreement of its own.
    pub(super) recipients: Vec<(Party, AgreementRef)>,
    /// What the hub judges by.
    pub(super) policy: Arc<Policy>,
}

/// The settings of the hub that is measured: those of the caller, in a place of its own, without a limit on requests.
pub(super) fn arrange(
    mut settings: Settings,
    folder: &std::path::Path,
    url: &str,
) -> Result<Settings, CliError> {
    settings.node.name = String::from("rhn:zz:bench");
    settings.node.country = String::from("ZZ");
    settings.node.keys = folder.join("node-keys");
    // Its letters are made for the policy compiled in.
    settings.policy.profiles = std::path::PathBuf::new();
    url.clone_into(&mut settings.database.url);
    settings.database.migrate_on_start = true;
    // Tokens name the hub's address, so it must be known before the hub serves.
    let probe = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    settings.server.address = probe.local_addr()?;
    settings.server.public_url = format!("http://{}", settings.server.address);
    settings.server.tls_certificate = std::path::PathBuf::new();
    settings.server.tls_key = std::path::PathBuf::new();
    settings.access.token_seconds = 3_600;
    let limits = &mut settings.limits;
    for limit in [
        &mut limits.organisation_requests_per_second,
        &mut limits.organisation_burst,
        &mut limits.stranger_requests_per_second,
        &mut limits.stranger_burst,
    ] {
        *limit = 1_000_000;
    }
    Ok(settings)
}

impl World {
    /// Makes the node's keys and tables, enrols everybody, and puts the agreements in force; then lets go of the database.
    pub(super) async fn make(settings: &Settings, packets: usize) -> Result<Self, CliError> {
        // What was kept has both.
        if !NodeKeys::exist_in(&settings.node.keys) {
            make_database(settings).await?;
            NodeKeys::create(&settings.node.keys, &SystemIds)?;
        }
        let hub = open_hub(settings.clone())?;
        let sender = enrol(&hub, "Benchmark Sender", &SENDER_ROLES).await?;
        let mut recipients = Vec::new();
        for _each in 0..packets.div_ceil(PACKETS_PER_AGREEMENT) {
            let recipient = enrol(&hub, "Benchmark Clinic", &RECIPIENT_ROLES).await?;
            list_service(&hub, recipient.id).await?;
            let agreement = agree(&hub, &sender, &recipient).await?;
            recipients.push((recipient, agreement));
        }
        let (store, policy) = (hub.store().clone(), hub.policy());
        let _panicked = tokio::task::spawn_blocking(move || store.close()).await;
        Ok(Self { sender, recipients, policy })
    }
}

impl Party {
    /// An access token of this organisation's client, from the hub that serves at an address.
    pub(super) async fn sign_in(&self, url: &str) -> Result<String, CliError> {
        let connection = Connection {
            hub: Some(url.to_owned()),
            organisation: Some(self.id),
            client: Some(self.client),
            ..Connection::default()
        };
        let line = HubClient::sign_in(&connection, &self.keyring, &SystemClock, &SystemIds).await?;
        Ok(line.token().to_owned())
    }

    /// A caller that acts for this organisation.
    fn caller(&self, hub: &Hub) -> Caller {
        let actor = Actor::client(self.client, self.id, roles().into());
        Caller { actor, request: RequestId::new(hub.ids(), hub.now()) }
    }
}

fn roles() -> Vec<Role> {
    vec![Role::CaseWorker, Role::Intake, Role::Administrator, Role::DataProtection]
}

fn operator(hub: &Hub) -> Caller {
    Caller { actor: Actor::operator(), request: RequestId::new(hub.ids(), hub.now()) }
}

async fn enrol(hub: &Hub, name: &str, readers: &[&str]) -> Result<Party, CliError> {
    let readers: Vec<String> = readers.iter().map(|role| (*role).to_owned()).collect();
    let keyring = Keyring::generate(&SystemIds, &readers)?;
    let command: EnrolOrganisation = serde_json::from_value(json!({
        "name": name, "kind": "ngo", "country": "ZZ", "roles": ["identify", "provide_services"], "root": keyring.root.public(),
    }))
    .map_err(unfit)?;
    let operator = operator(hub);
    let organisation =
        hub.write("members.enrol", &operator, move |tx| members::enrol_organisation(tx, &command)).await?;
    let id = organisation.id;
    let register =
        RegisterClient { name: organisation.name, roles: roles(), key: keyring.client.public().clone() };
    let client = hub
        .write("members.register_client", &operator, move |tx| members::register_client(tx, id, &register))
        .await?
        .id;
    let publish = PublishKeys { statement: statement(id, &keyring, hub.now())? };
    let policy = hub.policy();
    let publishing = move |tx: &mut Tx<'_>| members::publish_keys(tx, id, &publish, &policy);
    hub.write("members.publish_keys", &operator, publishing).await?;
    Ok(Party { id, client, keyring })
}

/// The first statement about an organisation's keys.
fn statement(org: OrganisationId, keyring: &Keyring, now: Timestamp) -> Result<String, CliError> {
    let stated = |jwk: &crate::crypto::PublicJwk, role: &str| StatedKey {
        jwk: jwk.clone(),
        role: role.to_owned(),
        nbf: now.seconds().saturating_sub(60),
        exp: now.seconds().saturating_add(86_400 * 300),
        status: KeyState::Active,
        compromised_at: None,
    };
    let readers = keyring.readers.iter().map(|(role, key)| stated(key.public(), role));
    let keys = [stated(keyring.signing.public(), "sign")].into_iter().chain(readers).collect();
    let statement = Statement { v: 1, org, seq: 1, prev: None, keys, iat: now.seconds() };
    let payload = serde_json::to_vec(&statement).map_err(unfit)?;
    Ok(sign_compact(&keyring.root, Typ::Directory, &payload)?)
}

async fn list_service(hub: &Hub, organisation: OrganisationId) -> Result<(), CliError> {
    let command: ListService = serde_json::from_value(json!({
        "organisation": organisation, "service": "SV07", "name": "Outpatient clinic", "description": "Exists for a benchmark",
    }))
    .map_err(unfit)?;
    let policy = hub.policy();
    let settings = hub.settings().directory.clone();
    let listing = move |tx: &mut Tx<'_>| directory::list_service(tx, &command, (&policy, &settings));
    hub.write("directory.list_service", &operator(hub), listing).await?;
    Ok(())
}

/// Drafts, offers and signs for both.
async fn agree(hub: &Hub, sender: &Party, recipient: &Party) -> Result<AgreementRef, CliError> {
    let now = Timestamp::from_seconds(hub.now().seconds());
    let document = [
        ("{id}", AgreementId::new(&SystemIds, now).to_string()),
        ("{sender}", sender.id.to_string()),
        ("{recipient}", recipient.id.to_string()),
        ("{from}", now.minus(TimeDelta::days(1)).to_string()),
        ("{until}", now.plus(TimeDelta::days(300)).to_string()),
    ]
    .into_iter()
    .fold(AGREEMENT.to_owned(), |text, (blank, with)| text.replace(blank, &with));
    let command = Draft { document: document.clone() };
    let policy = hub.policy();
    let drafting = move |tx: &mut Tx<'_>| agreements::draft(tx, &command, &policy);
    let drafted = hub.write("agreements.draft", &sender.caller(hub), drafting).await?;
    let (id, version) = (drafted.id, drafted.version);
    let which = Which { id, version, seen: drafted.row_version };
    hub.write("agreements.offer", &sender.caller(hub), move |tx| agreements::offer(tx, which)).await?;
    for party in [sender, recipient] {
        let command: Sign = serde_json::from_value(json!({
            "token": sign_compact(&party.keyring.signing, Typ::Agreement, document.as_bytes())?,
            "signatory": "Nobody", "office": "None", "authority": "Exists for a benchmark",
        }))
        .map_err(unfit)?;
        hub.write("agreements.sign", &party.caller(hub), move |tx| {
            agreements::sign(tx, id, version, &command)
        })
        .await?;
    }
    Ok(AgreementRef { id, ver: version, h: Digest::of(&document) })
}
