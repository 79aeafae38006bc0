//! Whom one calls.

use clap::{Args, Subcommand};

use crate::{
    access::Tx,
    cli::{CliError, Output},
    directory::{
        self, Contact, ContactSays, ContactsOf, DirectoryError, PhoneChannel, Telephone, Tongue, Tongues,
    },
    hub::{Caller, Hub},
    kernel::{
        Code, Fault, Timestamp,
        id::{ContactId, OrganisationId, ServiceId},
        page::Page,
        text::Line,
    },
};

#[derive(Subcommand)]
pub(in crate::cli) enum Contacts {
    /// List whom one calls: who is on call first, then focal points.
    #[command(after_help = "Examples:
  throughline directory contacts list --organisation org_…
  throughline directory contacts list --service svc_…")]
    List {
        /// Of this organisation.
        #[arg(long, conflicts_with = "service", required_unless_present = "service")]
        organisation: Option<OrganisationId>,
        /// Of this service, and of the whole organisation that provides it.
        #[arg(long)]
        service: Option<ServiceId>,
    },
    /// Add somebody whom others call. A service takes urgent referrals only while somebody is on call for it.
    #[command(after_help = "Example:
  throughline directory contacts add org_… --label \"Duty protection officer\" --telephone \"+260 211 000 000\" --on-call --day-and-night")]
    Add {
        /// The organisation.
        organisation: OrganisationId,
        #[command(flatten)]
        said: Said,
    },
    /// Say all of a contact anew, and until when it holds from now on.
    #[command(after_help = "Example:
  throughline directory contacts change ctc_… --label \"Duty protection officer\" --telephone \"+260 211 000 001\" --on-call")]
    Change {
        /// The contact.
        contact: ContactId,
        #[command(flatten)]
        said: Said,
    },
    /// Take a contact away. Nothing of it is kept.
    #[command(after_help = "Example:
  throughline directory contacts remove ctc_…")]
    Remove {
        /// The contact.
        contact: ContactId,
    },
}

/// What is said of a contact.
#[derive(Args)]
pub(in crate::cli) struct Said {
    /// Whom one asks for.
    #[arg(long)]
    label: Line<80>,
    /// The number, with the code of the country.
    #[arg(long)]
    telephone: Telephone,
    /// The service it is for; the whole organisation when left out.
    #[arg(long)]
    service: Option<ServiceId>,
    /// The name of the person, where they agreed that it stands there.
    #[arg(long)]
    name: Option<Line<120>>,
    /// What they do or decide there.
    #[arg(long)]
    role: Option<Line<160>>,
    /// Others turn to them first about referrals.
    #[arg(long)]
    focal_point: bool,
    /// They answer when something is urgent.
    #[arg(long)]
    on_call: bool,
    /// How the number is used: voice, sms or messaging.
    #[arg(long, default_value = "voice")]
    channel: PhoneChannel,
    /// Somebody answers by day and by night.
    #[arg(long)]
    day_and_night: bool,
    /// A language they are spoken to in, such as fr; may be given several times.
    #[arg(long = "language")]
    languages: Vec<Tongue>,
    /// Until when this holds, two years off at most; a year from now when left out.
    #[arg(long)]
    until: Option<Timestamp>,
}

impl Said {
    fn says(self) -> Result<ContactSays, CliError> {
        let languages = Tongues::try_from(self.languages)
            .map_err(|expected| CliError::new(Code::new("cli.argument", Fault::Malformed), expected))?;
        Ok(ContactSays {
            service: self.service,
            label: self.label,
            name: self.name,
            role: self.role,
            is_focal_point: self.focal_point,
            is_on_call: self.on_call,
            telephone: self.telephone,
            channel: self.channel,
            day_and_night: self.day_and_night,
            languages,
            valid_until: self.until,
        })
    }
}

impl Contacts {
    pub(super) async fn act(self, hub: &Hub, caller: &Caller, output: &Output) -> Result<(), CliError> {
        match self {
            Self::List { organisation, service } => {
                let organisation = organisation.map_or(ContactsOf::Own, ContactsOf::Organisation);
                let of = service.map_or(organisation, ContactsOf::Service);
                let (actor, now) = (caller.actor.clone(), hub.now());
                let items =
                    hub.read::<_, DirectoryError>(move |db| directory::contacts(db, &actor, of, now)).await?;
                output.data(&Page { items, next: None }, |page| {
                    if page.items.is_empty() {
                        return String::from("There is no contact.");
                    }
                    page.items.iter().map(line).collect::<Vec<_>>().join("\n")
                })
            }
            Self::Add { organisation, said } => {
                let says = said.says()?;
                let adding = move |tx: &mut Tx<'_>| directory::add_contact(tx, Some(organisation), &says);
                output.data(&hub.write("directory.add_contact", caller, adding).await?, line)
            }
            Self::Change { contact, said } => {
                let (says, version) = (said.says()?, seen(hub, caller, contact).await?.version);
                let changing =
                    move |tx: &mut Tx<'_>| directory::change_contact(tx, (contact, version), &says);
                output.data(&hub.write("directory.change_contact", caller, changing).await?, line)
            }
            Self::Remove { contact } => {
                let version = seen(hub, caller, contact).await?.version;
                let removing = move |tx: &mut Tx<'_>| directory::remove_contact(tx, (contact, version));
                hub.write("directory.remove_contact", caller, removing).await?;
                output.data(&serde_json::json!({ "removed": contact }), |_| String::from("Removed it."))
            }
        }
    }
}

/// The contact as it is now.
async fn seen(hub: &Hub, caller: &Caller, id: ContactId) -> Result<Contact, DirectoryError> {
    let (actor, now) = (caller.actor.clone(), hub.now());
    hub.read(move |db| directory::find_contact(db, &actor, id, now)).await
}

fn line(contact: &Contact) -> String {
    let marks = [
        (contact.is_on_call, "on call"),
        (contact.is_focal_point, "focal point"),
        (contact.day_and_night, "day and night"),
    ];
    let marks = marks.iter().filter(|(is, _mark)| *is).map(|(_is, mark)| format!(", {mark}"));
    let name = contact.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!(
        "{}  {}{name}  {} by {}{}, until {}",
        contact.id,
        contact.label,
        contact.telephone.as_str(),
        contact.channel.name(),
        marks.collect::<String>(),
        contact.valid_until
    )
}
