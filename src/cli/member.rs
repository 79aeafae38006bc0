//! `throughline member`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::{CliError, Output, block_on, files, open_hub};
use crate::{
    access::{Actor, Role, Roles},
    config::Settings,
    crypto::PublicJwk,
    custody::{self, CustodyError},
    hub::{Caller, Hub},
    kernel::{
        Code, Fault,
        id::{ClientId, OrganisationId, RequestId, StaffId},
        page::{Asked, Page},
    },
    members::{
        self, Calendar, EnrolOrganisation, EnrolStaff, Enrolment, MechanismRole, MemberError,
        OrganisationKind, RegisterClient, ReplaceRoot, SetCalendar, StaffView, Suspend,
    },
    storage::Db,
};

/// How large a file with a calendar may be, in bytes.
const MOST_CALENDAR: u64 = 65_536;

#[derive(Subcommand)]
pub(super) enum Member {
    /// Enrol an organisation with the public root key that its administrator made with `throughline key init`. Compare the key's
    /// thumbprint by another channel before.
    #[command(after_help = "Example:
  throughline member add --name \"Harbour Aid\" --kind ngo --country ZM --does identify --does manage_cases --root root.jwk")]
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
    #[command(after_help = "Example:
  throughline member list --json")]
    List,
    /// Show one organisation.
    #[command(after_help = "Example:
  throughline member show org_…")]
    Show {
        /// Its id.
        organisation: OrganisationId,
    },
    /// Suspend an organisation at once.
    #[command(after_help = "Example:
  throughline member suspend org_…")]
    Suspend {
        /// Its id.
        organisation: OrganisationId,
    },
    /// Let a suspended organisation take part again.
    #[command(after_help = "Example:
  throughline member reinstate org_…")]
    Reinstate {
        /// Its id.
        organisation: OrganisationId,
    },
    /// Give an organisation another root key, when the old one is lost or somebody else may have it. Every key that the old one stood for is
    /// revoked at once; the organisation publishes new ones, and senders seal again what was waiting.
    #[command(after_help = "Example, after the organisation made a new home with `throughline key init`:
  throughline member replace-root org_… --root root.jwk --thumbprint 2uVbQZ…
  throughline member clients org_…
  throughline member revoke-client org_… cli_…
  throughline member client org_… --name gateway --role case_worker --role intake --key client.jwk

The thumbprint is what the organisation reads to you over another channel: it must be that of the file. Other members' gateways refuse
the new root until they have compared it as well.")]
    ReplaceRoot {
        /// Its id.
        organisation: OrganisationId,
        /// File with the new public root key as JWK.
        #[arg(long)]
        root: PathBuf,
        /// The thumbprint the organisation told you over another channel.
        #[arg(long, allow_hyphen_values = true)]
        thumbprint: String,
    },
    /// Show when an organisation works, or say it for an organisation that cannot. What it must do within working days is due then.
    #[command(after_help = "Examples:
  throughline member calendar org_…
  throughline member calendar org_… --json | jq .calendar > calendar.json
  throughline member calendar org_… --file calendar.json

An organisation says it itself with: throughline service calendar --file calendar.json")]
    Calendar {
        /// The organisation.
        organisation: OrganisationId,
        /// File with the calendar from now on.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Enrol a person of an organisation and print the code to choose a passphrase with. The hub adds four characters to the name.
    #[command(after_help = "Example:
  throughline member staff org_… --name w.banda --role case_worker")]
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
    /// Enrol a person who runs the mechanism, and print the code to choose a passphrase with. Have two: one may be ill, or leave.
    #[command(after_help = "Example:
  throughline member coordinator --name m.tembo")]
    Coordinator {
        /// Name to sign in with.
        #[arg(long)]
        name: String,
    },
    /// List the people of an organisation, or of the node itself.
    #[command(after_help = "Examples:
  throughline member people org_…
  throughline member people            coordinators and operators")]
    People {
        /// The organisation; without it the node.
        organisation: Option<OrganisationId>,
    },
    /// Give a person a new code to choose a passphrase with: theirs was lost, or the first code ran out. The old passphrase and every
    /// session end now.
    #[command(after_help = "Example:
  throughline member reenrol stf_…     the id is in: throughline member people")]
    Reenrol {
        /// The person's id.
        person: StaffId,
    },
    /// Remove a person, of an organisation or of the node. Their sessions end now; their name is free again.
    #[command(after_help = "Example, when a coordinator leaves:
  throughline member coordinator --name the.next
  throughline member remove stf_…")]
    Remove {
        /// The person's id.
        person: StaffId,
    },
    /// List the machine clients of an organisation.
    #[command(after_help = "Example:
  throughline member clients org_…")]
    Clients {
        /// The organisation.
        organisation: OrganisationId,
    },
    /// Revoke a machine client: a gateway was lost or stolen, or is not used any more. Works within seconds.
    #[command(after_help = "Example:
  throughline member revoke-client org_… cli_…")]
    RevokeClient {
        /// The organisation.
        organisation: OrganisationId,
        /// The client's id.
        client: ClientId,
    },
    /// Register a machine client of an organisation with its public key.
    #[command(after_help = "Example:
  throughline member client org_… --name gateway --role case_worker --role intake --key client.jwk")]
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
                let all = all(hub, caller, members::list_organisations).await?;
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
            Self::ReplaceRoot { organisation, root, thumbprint } => {
                replace_root(hub, caller, (organisation, jwk(&root)?), &thumbprint, output).await
            }
            Self::Staff { organisation, name, roles } => {
                let command = EnrolStaff { name: word("--name", &name)?, roles };
                enrol(hub, caller, Some(organisation), command, output).await
            }
            Self::Coordinator { name } => {
                let command = EnrolStaff { name: word("--name", &name)?, roles: vec![Role::Coordinator] };
                enrol(hub, caller, None, command, output).await
            }
            Self::People { organisation } => people(hub, caller, organisation, output).await,
            Self::Reenrol { person } => {
                let (organisation, hours) =
                    (of(hub, caller, person).await?.organisation, hub.settings().access.enrolment_hours);
                let enrolment = hub
                    .write("members.reenrol_staff", caller, move |tx| {
                        members::reenrol_staff(tx, organisation, person, hours)
                    })
                    .await?;
                output.data(&enrolment, enrolled)
            }
            Self::Remove { person } => remove(hub, caller, person, output).await,
            Self::Calendar { organisation, file } => calendar(hub, caller, organisation, file, output).await,
            Self::Clients { organisation } => clients(hub, caller, organisation, output).await,
            Self::RevokeClient { organisation, client } => {
                hub.write("members.revoke_client", caller, move |tx| {
                    members::revoke_client(tx, organisation, client)
                })
                .await?;
                output.data(&json!({ "revoked": client }), |_| format!("Revoked {client}."))
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

/// Every row of a list.
async fn all<T, F>(hub: &Hub, caller: &Caller, list: F) -> Result<Vec<T>, CliError>
where
    T: Send + 'static,
    F: Fn(&mut Db<'_>, &Actor, &Asked) -> Result<Page<T>, MemberError> + Clone + Send + 'static,
{
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (actor, asked, list) = (caller.actor.clone(), Asked::new(Some(200), after), list.clone());
        let page = hub.read(move |db| list(db, &actor, &asked)).await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

async fn enrol(
    hub: &Hub,
    caller: &Caller,
    organisation: Option<OrganisationId>,
    command: EnrolStaff,
    output: &Output,
) -> Result<(), CliError> {
    let hours = hub.settings().access.enrolment_hours;
    let enrolment = hub
        .write("members.enrol_staff", caller, move |tx| {
            members::enrol_staff(tx, organisation, &command, hours)
        })
        .await?;
    output.data(&enrolment, enrolled)
}

fn enrolled(enrolment: &Enrolment) -> String {
    let Enrolment { id, name, code, until } = enrolment;
    format!("{id}\nname {name}\ncode {code}\ngood until {until}")
}

async fn people(
    hub: &Hub,
    caller: &Caller,
    organisation: Option<OrganisationId>,
    output: &Output,
) -> Result<(), CliError> {
    let people =
        all(hub, caller, move |db, actor, asked| members::list_staff(db, actor, organisation, asked));
    output.data(&people.await?, |people| {
        let lines = people.iter().map(|person| {
            let stands = match (person.removed, person.enrolled) {
                (true, _) => "removed",
                (false, true) => "enrolled",
                (false, false) => "waiting",
            };
            format!("{}  {stands:<9} {}  {}", person.id, person.name, Roles::from(person.roles.clone()))
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

async fn remove(hub: &Hub, caller: &Caller, person: StaffId, output: &Output) -> Result<(), CliError> {
    let was = of(hub, caller, person).await?;
    let organisation = was.organisation;
    hub.write("members.remove_staff", caller, move |tx| {
        members::remove_staff(tx, organisation, person)?;
        custody::forget_person(tx, person)?;
        Ok::<_, CustodyError>(())
    })
    .await?;
    output.data(&json!({ "removed": person }), |_| format!("Removed {}.", was.name))
}

async fn calendar(
    hub: &Hub,
    caller: &Caller,
    organisation: OrganisationId,
    file: Option<PathBuf>,
    output: &Output,
) -> Result<(), CliError> {
    let actor = caller.actor.clone();
    let mut seen =
        hub.read::<_, MemberError>(move |db| members::find_calendar(db, &actor, organisation)).await?;
    if let Some(file) = file {
        let command = SetCalendar { organisation, version: seen.version, calendar: calendar_in(&file)? };
        seen =
            hub.write("members.set_calendar", caller, move |tx| members::set_calendar(tx, &command)).await?;
    }
    output.data(&seen, |seen| calendar_told(&seen.calendar))
}

/// The calendar in a file.
pub(super) fn calendar_in(file: &Path) -> Result<Calendar, CliError> {
    let text = files::beginning(file, MOST_CALENDAR.saturating_add(1))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MOST_CALENDAR {
        return Err(no_calendar(file, "it is too large"));
    }
    let calendar: Calendar = serde_json::from_str(&text).map_err(|error| no_calendar(file, error))?;
    calendar.read().map_err(|error| no_calendar(file, error))?;
    Ok(calendar)
}

fn no_calendar(file: &Path, why: impl std::fmt::Display) -> CliError {
    CliError::new(Code::new("cli.calendar_file", Fault::Malformed), format!("{}: {why}", file.display()))
}

/// A calendar in lines.
pub(super) fn calendar_told(calendar: &Calendar) -> String {
    let days = calendar.week.iter().map(|day| format!("{}  {} to {}", day.day, day.from, day.to));
    let holidays = calendar.holidays.iter().map(|day| format!("not on {day}"));
    let lines: Vec<String> = days.chain(holidays).collect();
    format!("UTC{}\n{}", calendar.utc_offset, lines.join("\n"))
}

async fn clients(
    hub: &Hub,
    caller: &Caller,
    organisation: OrganisationId,
    output: &Output,
) -> Result<(), CliError> {
    let clients =
        all(hub, caller, move |db, actor, asked| members::list_clients(db, actor, organisation, asked));
    output.data(&clients.await?, |clients| {
        let lines = clients.iter().map(|client| {
            let stands = if client.revoked { "revoked" } else { "good" };
            format!("{}  {stands:<8} {}  {}", client.id, client.name, client.kid)
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// A person, with where they work.
async fn of(hub: &Hub, caller: &Caller, person: StaffId) -> Result<StaffView, CliError> {
    let actor = caller.actor.clone();
    Ok(hub.read::<_, MemberError>(move |db| members::find_staff(db, &actor, person)).await?)
}

async fn replace_root(
    hub: &Hub,
    caller: &Caller,
    (organisation, root): (OrganisationId, PublicJwk),
    thumbprint: &str,
    output: &Output,
) -> Result<(), CliError> {
    if root.kid().as_str() != thumbprint.trim() {
        return Err(CliError::new(
            Code::new("cli.thumbprint", Fault::Refused),
            format!(
                "the file holds the key {}, which is not the one you were told; nothing was changed",
                root.kid()
            ),
        ));
    }
    let actor = caller.actor.clone();
    let found =
        hub.read::<_, MemberError>(move |db| members::find_organisation(db, &actor, organisation)).await?;
    let command = ReplaceRoot { organisation, version: found.version, root };
    let now =
        hub.write("members.replace_root", caller, move |tx| members::replace_root(tx, &command)).await?;
    output.data(&now, |o| {
        format!(
            "{} has the root key {}. Every key it had published is revoked.\nTell the other members: their gateways refuse the new \
             root until they have compared it.",
            o.name, o.root
        )
    })
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

fn jwk(path: &PathBuf) -> Result<PublicJwk, CliError> {
    let text = files::text(path)?;
    serde_json::from_str(&text).map_err(|error| {
        CliError::new(Code::new("cli.key_file", Fault::Malformed), format!("{}: {error}", path.display()))
    })
}
