//! `throughline member`

use std::path::PathBuf;

use clap::Subcommand;

use super::{CliError, Output, block_on, open_hub};
use crate::{
    access::{Actor, Role},
    config::Settings,
    hub::{Caller, Hub},
    kernel::{
        Code, Fault,
        id::{OrganisationId, RequestId},
        page::Asked,
    },
    members::{
        self, EnrolOrganisation, EnrolStaff, MechanismRole, MemberError, OrganisationKind, RegisterClient,
        Suspend,
    },
};

#[derive(Subcommand)]
pub(super) enum Member {
    /// Enrol an organisation with the public root key that its administrator made with `throughline key init`. Compare the key's
    /// thumbprint by another channel before.
    Add {
        /// Its name.
        #[arg(long)]
        name: String,
        /// government, ngo, international, community or private.
        #[arg(long)]
        kind: String,
        /// Country, two letters.
        #[arg(long)]
        country: String,
        /// What it does: identify, determine_status, manage_cases, provide_services, coordinate. May be given several times.
        #[arg(long = "does")]
        does: Vec<String>,
        /// It has a mandate to enforce immigration or criminal law.
        #[arg(long)]
        enforcement: bool,
        /// It is an authority or consulate of this country.
        #[arg(long)]
        authority_of: Option<String>,
        /// File with the public root key as JWK.
        #[arg(long)]
        root: PathBuf,
    },
    /// List the organisations.
    List,
    /// Show one organisation.
    Show {
        /// Its id.
        organisation: OrganisationId,
    },
    /// Suspend an organisation at once.
    Suspend {
        /// Its id.
        organisation: OrganisationId,
    },
    /// Let a suspended organisation take part again.
    Reinstate {
        /// Its id.
        organisation: OrganisationId,
    },
    /// Enrol a person of an organisation and print the code to choose a passphrase with.
    Staff {
        /// The organisation.
        organisation: OrganisationId,
        /// Name to sign in with.
        #[arg(long)]
        name: String,
        /// case_worker, intake, administrator or data_protection. May be given several times.
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
    },
    /// Register a machine client of an organisation with its public key.
    Client {
        /// The organisation.
        organisation: OrganisationId,
        /// What it is.
        #[arg(long)]
        name: String,
        /// case_worker, intake, administrator or data_protection. May be given several times.
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
        /// File with its public key as JWK.
        #[arg(long)]
        key: PathBuf,
    },
}

impl Member {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        let hub = open_hub(settings.clone())?;
        let caller = Caller { actor: Actor::operator(), request: RequestId::new(hub.ids(), hub.now()) };
        let outcome = block_on(self.act(&hub, &caller, output));
        hub.store().close();
        outcome?
    }

    async fn act(self, hub: &Hub, caller: &Caller, output: &Output) -> Result<(), CliError> {
        match self {
            Self::Add { name, kind, country, does, enforcement, authority_of, root } => {
                let command = EnrolOrganisation {
                    name: word("--name", &name)?,
                    kind: OrganisationKind::from_name(&kind).ok_or_else(|| wrong("--kind", "government, ngo, international, community or private"))?,
                    country: word("--country", &country)?,
                    roles: does
                        .iter()
                        .map(|role| {
                            MechanismRole::from_name(role).ok_or_else(|| {
                                wrong("--does", "identify, determine_status, manage_cases, provide_services or coordinate")
                            })
                        })
                        .collect::<Result<_, _>>()?,
                    enforcement,
                    authority_of: authority_of.map(|country| word("--authority-of", &country)).transpose()?,
                    root: jwk(&root)?,
                };
                let enrolled = hub
                    .write("members.enrol", caller, move |tx| members::enrol_organisation(tx, &command))
                    .await?;
                output.data(&enrolled, |o| format!("Enrolled {} as {}\nroot key {}", o.name, o.id, o.root))
            }
            Self::List => {
                let mut all = Vec::new();
                let mut after = None;
                loop {
                    let (actor, asked) = (caller.actor.clone(), Asked::new(Some(200), after));
                    let page = hub
                        .read::<_, MemberError>(move |db| members::list_organisations(db, &actor, &asked))
                        .await?;
                    all.extend(page.items);
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                output.data(&all, |all| {
                    if all.is_empty() {
                        return String::from("No organisations yet. Enrol one with: throughline member add");
                    }
                    let lines =
                        all.iter().map(|o| format!("{}  {:<10} {:<14} {}", o.id, o.standing, o.kind, o.name));
                    lines.collect::<Vec<_>>().join("\n")
                })
            }
            Self::Show { organisation } => {
                let actor = caller.actor.clone();
                let found = hub
                    .read::<_, MemberError>(move |db| members::find_organisation(db, &actor, organisation))
                    .await?;
                output.data(&found, |_| String::new())
            }
            Self::Suspend { organisation } => {
                stand(hub, caller, organisation, "members.suspend", output).await
            }
            Self::Reinstate { organisation } => {
                stand(hub, caller, organisation, "members.reinstate", output).await
            }
            Self::Staff { organisation, name, roles } => {
                let command = EnrolStaff { name: word("--name", &name)?, roles };
                let hours = hub.settings().access.enrolment_hours;
                let enrolment = hub
                    .write("members.enrol_staff", caller, move |tx| {
                        members::enrol_staff(tx, Some(organisation), &command, hours)
                    })
                    .await?;
                output.data(&enrolment, |e| format!("{}\ncode {}\ngood until {}", e.id, e.code, e.until))
            }
            Self::Client { organisation, name, roles, key } => {
                let command = RegisterClient { name: word("--name", &name)?, roles, key: jwk(&key)? };
                let client = hub
                    .write("members.register_client", caller, move |tx| {
                        members::register_client(tx, organisation, &command)
                    })
                    .await?;
                output.data(&client, |c| format!("Registered {} with key {}", c.id, c.kid))
            }
        }
    }
}

async fn stand(
    hub: &Hub,
    caller: &Caller,
    organisation: OrganisationId,
    action: &'static str,
    output: &Output,
) -> Result<(), CliError> {
    let actor = caller.actor.clone();
    let found =
        hub.read::<_, MemberError>(move |db| members::find_organisation(db, &actor, organisation)).await?;
    let command = Suspend { organisation, version: found.version };
    let suspend = action == "members.suspend";
    let now = hub
        .write(action, caller, move |tx| {
            if suspend {
                members::suspend_organisation(tx, &command)
            } else {
                members::reinstate_organisation(tx, &command)
            }
        })
        .await?;
    output.data(&now, |o| format!("{} is {}", o.name, o.standing))
}

fn word<T>(option: &str, text: &str) -> Result<T, CliError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(|error| {
        CliError::new(Code::new("cli.argument", Fault::Malformed), format!("{option}: {error}"))
    })
}

fn wrong(option: &str, expected: &str) -> CliError {
    CliError::new(Code::new("cli.argument", Fault::Malformed), format!("{option} takes {expected}"))
}

fn jwk(path: &PathBuf) -> Result<crate::crypto::PublicJwk, CliError> {
    let text = std::fs::read_to_string(path)?;
    serde_json::from_str(&text).map_err(|error| {
        CliError::new(Code::new("cli.key_file", Fault::Malformed), format!("{}: {error}", path.display()))
    })
}
