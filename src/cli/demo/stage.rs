//! The stage: a node that runs, and members with gateways of their own.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output,
        client::HubClient,
        files,
        home::{Connection, Home, HomeArgs, Keyring},
        key,
        node::make_database,
        open_hub,
    },
    country::Agency,
    holdings::Holdings,
};
use crate::{
    access::{Actor, Role, Tx},
    config::Settings,
    crypto,
    http::Serving,
    hub::{Caller, Hub, NodeKeys},
    jobs,
    kernel::{
        Secret,
        id::{RequestId, SystemIds},
        time::SystemClock,
    },
    members::{
        self, EnrolOrganisation, EnrolStaff, MemberError, Organisation, RegisterClient, SetPassphrase,
    },
};

/// The node and where it lies.
pub(super) struct Stage {
    /// The hub, for what the person at its machine does.
    pub(super) hub: Hub,
    /// Its folder.
    pub(super) folder: PathBuf,
    url: String,
    serving: Serving,
    running: jobs::Running,
}

/// What is told at the end to whoever wants to look around.
#[derive(Debug, Default)]
pub(super) struct Tour {
    /// Who can sign in, and with which name.
    pub(super) sign_ins: Vec<(String, String)>,
    /// What Ibrahim was given.
    pub(super) code: String,
    /// And the PIN to it.
    pub(super) pin: String,
    /// The gateways of those whose people sign in: their homes, and where their passphrases lie.
    pub(super) gateways: Vec<(PathBuf, PathBuf)>,
}

/// With what everybody of the story signs in.
const PASSPHRASE: &str = "four words for a demo";

/// A member with its gateway.
pub(super) struct Member {
    /// What it is.
    pub(super) agency: &'static Agency,
    /// As the hub enrolled it.
    pub(super) organisation: Organisation,
    /// Its keys, at its own gateway.
    pub(super) keyring: Keyring,
    /// Its gateway's line to the hub.
    pub(super) line: HubClient,
    /// Where the hub is.
    pub(super) hub_url: String,
    /// The gateway's home, with its keys.
    pub(super) home: PathBuf,
    /// Where its passphrase lies, for this story only.
    pub(super) passphrase_file: PathBuf,
    /// Where it keeps what it works on.
    pub(super) folder: PathBuf,
}

impl Stage {
    /// Makes the node and serves it.
    pub(super) async fn set(mut settings: Settings, folder: PathBuf) -> Result<Self, CliError> {
        make_database(&settings).await?;
        NodeKeys::create(&settings.node.keys, &SystemIds)?;
        if settings.server.address.port() == 0 {
            // Tokens name the hub's address, so it must be known before the hub serves.
            let probe = std::net::TcpListener::bind(settings.server.address)?;
            settings.server.address = probe.local_addr()?;
        }
        settings.server.public_url = format!("http://{}", settings.server.address);
        let url = settings.server.public_url.clone();
        let hub = open_hub(settings)?;
        hub.store().claim_file()?;
        let serving = crate::serve(&hub)?;
        let running = jobs::start(&hub).await.map_err(|error| {
            CliError::new(
                crate::kernel::Code::new("jobs.start", crate::kernel::Fault::Internal),
                format!("the jobs could not be started: {error}"),
            )
        })?;
        Ok(Self { hub, folder, url, serving, running })
    }

    /// Whoever runs the node's machine.
    pub(super) fn operator(&self) -> Caller {
        Caller { actor: Actor::operator(), request: RequestId::new(self.hub.ids(), self.hub.now()) }
    }

    /// Enrols an agency: its keys are made at its gateway, the hub gets the public halves.
    pub(super) async fn enrol(&self, agency: &'static Agency) -> Result<Member, CliError> {
        let gateways = self.folder.join("gateways");
        let folder = gateways.join(format!("{}-work", agency.short));
        files::make_folder(&folder)?;
        let (home_folder, passphrase_file) = (gateways.join(agency.short), folder.join("passphrase"));
        let home = Home::at(&HomeArgs { home: home_folder.clone(), passphrase_file: None });
        let passphrase = Secret::new(format!("{} four unrelated words", agency.short));
        files::replace(&passphrase_file, passphrase.expose().as_bytes())?;
        let keyring = Keyring::generate(&SystemIds, &key::reader_roles(&self.hub.policy()))?;
        home.create(&SystemIds, &keyring, &passphrase)?;
        let command: EnrolOrganisation = serde_json::from_value(json!({
            "name": agency.name, "kind": agency.kind, "country": "ZZ", "roles": agency.does, "root": keyring.root.public(),
        }))
        .map_err(|error| CliError::new(crate::kernel::Code::new("demo.country", crate::kernel::Fault::Internal), error.to_string()))?;
        let organisation = self
            .hub
            .write("members.enrol", &self.operator(), move |tx| members::enrol_organisation(tx, &command))
            .await?;
        let register = RegisterClient {
            name: organisation.name.clone(),
            roles: vec![Role::CaseWorker, Role::Intake, Role::Administrator, Role::DataProtection],
            key: keyring.client.public().clone(),
        };
        let id = organisation.id;
        let client = self
            .hub
            .write("members.register_client", &self.operator(), move |tx| {
                members::register_client(tx, id, &register)
            })
            .await?;
        let connection = Connection {
            hub: Some(self.url.clone()),
            organisation: Some(organisation.id),
            client: Some(client.id),
            ..Connection::default()
        };
        home.connect(&connection)?;
        key::publish(&home, &keyring).await?;
        let line = HubClient::sign_in(&connection, &keyring, &SystemClock, &SystemIds).await?;
        let hub_url = self.url.clone();
        Ok(Member {
            agency,
            organisation,
            keyring,
            line,
            hub_url,
            home: home_folder,
            passphrase_file,
            folder,
        })
    }

    /// What lies in every file of the hub: database, log, keys, and whatever else it left.
    pub(super) fn holdings(&self) -> Result<Holdings, CliError> {
        Holdings::of(&self.folder)
    }

    /// Where the API is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Somebody of an agency, or of the node, who can sign in on the pages; the name to do it with.
    pub(super) async fn worker(
        &self,
        of: Option<&Member>,
        name: &str,
        role: Role,
    ) -> Result<String, CliError> {
        let name = name.parse().map_err(|_unlikely| super::broken("a name that cannot be one"))?;
        let enrol = EnrolStaff { name, roles: vec![role] };
        let (organisation, ids) = (of.map(|member| member.organisation.id), self.hub.clone());
        let hash = crypto::hash_passphrase(&Secret::new(String::from(PASSPHRASE)), ids.ids())
            .map_err(MemberError::Secret)?;
        let enrolling = move |tx: &mut Tx<'_>| {
            let enrolment = members::enrol_staff(tx, organisation, &enrol, 1)?;
            let (code, passphrase) = (Secret::new(enrolment.code), Secret::new(String::from(PASSPHRASE)));
            members::set_passphrase(tx, &SetPassphrase { code, passphrase }, &hash)?;
            Ok::<_, MemberError>(enrolment.name)
        };
        let name = self.hub.write("members.enrol_staff", &self.operator(), enrolling).await?;
        Ok(name.to_string())
    }

    /// Plays the key holders, who in earnest hear a code over the telephone: confirms every device that waits, every other second, for as
    /// long as the demonstration is looked at.
    pub(super) async fn confirm_keys(gateways: Vec<(PathBuf, PathBuf)>, output: Output) {
        let homes: Vec<Home> = gateways
            .into_iter()
            .map(|(home, passphrase)| Home::at(&HomeArgs { home, passphrase_file: Some(passphrase) }))
            .collect();
        let mut opened = Vec::new();
        for home in homes {
            let keyring = home.passphrase("").and_then(|passphrase| home.keyring(&passphrase));
            opened.extend(keyring.ok().map(|keyring| (home, keyring)));
        }
        let mut tick = tokio::time::interval(std::time::Duration::from_secs(2));
        loop {
            tick.tick().await;
            for (home, keyring) in &opened {
                match key::people::confirm_without_asking(home, keyring).await {
                    Ok(answers) => {
                        for (who, answer) in answers {
                            output.say(format!("The key holder confirmed {who}, and reads back: {answer}"));
                        }
                    }
                    Err(error) => tracing::warn!(code = error.code(), "keys could not be confirmed"),
                }
            }
        }
    }

    /// What to do next, for the person at the terminal.
    pub(super) fn farewell(&self, tour: &Tour) -> String {
        let line = |(who, name): &(String, String)| format!("  {who:<40} {name}");
        let sign_ins = tour.sign_ins.iter().map(line).collect::<Vec<_>>().join("\n");
        format!(
            "\nThe hub stays up at {url}. Open it in a browser and sign in, in two windows if you like, with “{PASSPHRASE}”:\n{sign_ins}\n\
             To send and to read letters, each opens “Key” in the head of the page first and makes a key; a key holder confirms it, and what they read back appears here.\n\
             What the person concerned sees: {url}/my   code {code}, PIN {pin}\n\nLook also at:\n  {url}/api            the API\n  {url}/hsds           the public directory of services\n  {url}/api/v1/directory/page.html   the same as a page to read or print\n  {url}/health/ready   its health\n  {url}/metrics        its metrics\n\
             Everything lies in {folder}; the members' gateways in {folder}/gateways.\nCtrl-C ends it.",
            url = self.url,
            code = tour.code,
            pin = tour.pin,
            folder = self.folder.display()
        )
    }

    /// Stops the node.
    pub(super) async fn strike(self) {
        self.serving.handle.stop(true).await;
        self.running.stop().await;
        let store = self.hub.store().clone();
        let _panicked = tokio::task::spawn_blocking(move || store.close()).await;
    }
}

impl Member {
    /// POST as this member.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        Ok(self.line.post(path, body).await?.body)
    }

    /// GET as this member.
    pub(super) async fn get(&self, path: &str) -> Result<Value, CliError> {
        Ok(self.line.get(path).await?.body)
    }
}
