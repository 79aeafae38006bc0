//! `throughline service`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    CliError, Output, block_on, files,
    home::{Home, HomeArgs},
    member::{calendar_in, calendar_told},
    session::{Session, part, text},
};
use crate::{
    directory::{Checked, Outcome, Reporting, Visibility},
    kernel::{Code, Fault, Timestamp, id::ServiceId},
    members::Calendar,
    policy::ServiceCode,
};

/// What this organisation offers for referral, as the directory shows it. Nobody can refer to a service that is not in it.
#[derive(Args)]
#[command(after_help = "Examples:
  throughline service offer --service SV07 --name \"Clinic of the Lake\" --description \"Primary health care, no fee\"
  throughline service availability svc_… full")]
pub(super) struct Service {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Offer a service of this organisation. It is found, and people are referred there, once those who keep the directory listed it.
    #[command(after_help = "Examples:
  throughline service offer --service SV07 --name \"Clinic of the Lake\" --description \"Primary health care, no fee\"
  throughline service offer --service SV12 --name \"Law by telephone\" --description \"Advice, no fee\" --area ZM --visibility public")]
    Offer {
        /// The code, such as SV07.
        #[arg(long)]
        service: ServiceCode,
        /// What it is called.
        #[arg(long)]
        name: String,
        /// What it is.
        #[arg(long)]
        description: String,
        /// Whether this organisation tells the authorities of people who come, or has to: yes or no.
        #[arg(long, default_value = "unknown")]
        reports_to_authorities: Reporting,
        /// The area it is for, by its code such as ZM109, or by country, level and code such as ZM/1/ZM109. A search for that area, or for one
        /// that lies in it, then finds the service, wherever it is.
        #[arg(long)]
        area: Option<String>,
        /// Who is to find it once it is listed: public, members, or restricted to those who keep the directory and this organisation. Those
        /// who keep the directory see what is asked for and decide.
        #[arg(long, default_value = "members")]
        visibility: Visibility,
    },
    /// List services one can refer to through the hub.
    #[command(after_help = "Example:
  throughline service list --service SV07")]
    List {
        /// Only this code.
        #[arg(long)]
        service: Option<ServiceCode>,
    },
    /// Show when this organisation works, or say it. What it must do within working days is due on days on which it works; until it has
    /// said so, Monday to Friday count, in UTC.
    #[command(after_help = "Examples:
  throughline service calendar
  throughline service calendar --json | jq .calendar > calendar.json
  throughline service calendar --file calendar.json

A calendar:
  { \"utc_offset\": \"+02:00\",
    \"week\": [ { \"day\": \"mon\", \"from\": \"08:00\", \"to\": \"17:00\" }, { \"day\": \"tue\", \"from\": \"08:00\", \"to\": \"12:30\" } ],
    \"holidays\": [ \"2026-12-25\" ] }")]
    Calendar {
        /// File with the calendar from now on.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Say whether a service takes people now.
    #[command(after_help = "Example:
  throughline service availability svc_… open --places 4 --note \"Families only\" --until 2026-04-01T00:00:00Z")]
    Availability {
        /// The service.
        service: ServiceId,
        /// From now on.
        now: Takes,
        /// What there is to add, in one line; nothing about a person.
        #[arg(long)]
        note: Option<String>,
        /// How many it can take.
        #[arg(long)]
        places: Option<u32>,
        /// Until when that holds; for the time in the hub's settings when left out. Afterwards nobody knows.
        #[arg(long)]
        until: Option<Timestamp>,
    },
    /// Show what this organisation wants the entry of a service to say, write it, or throw it away. Those who keep the directory take what
    /// is submitted.
    #[command(after_help = "Examples:
  throughline service draft svc_…
  throughline service draft svc_… --file draft.json --submit
  throughline service draft svc_… --drop

A draft, by the columns of HSDS; all rows of each table that it names:
  { \"service\": { \"name\": \"Night shelter\", \"description\": \"Ten beds\" },
    \"parts\": { \"phone\": [ { \"number\": \"+260 211 000 000\" } ],
               \"schedule\": [ { \"freq\": \"WEEKLY\", \"byday\": \"MO,TU\", \"opens_at\": \"18:00\", \"closes_at\": \"08:00\" } ] },
    \"places\": [ { \"location\": { \"name\": \"By the pier\", \"latitude\": \"-15.42\", \"longitude\": \"28.28\" },
                  \"address\": { \"address_1\": \"Pier Road 2\", \"city\": \"Siavonga\", \"country\": \"ZM\" } } ] }")]
    Draft {
        /// The service.
        service: ServiceId,
        /// File with what the entry should say.
        #[arg(long)]
        file: Option<PathBuf>,
        /// Have those who keep the directory look at it.
        #[arg(long, requires = "file")]
        submit: bool,
        /// Throw it away.
        #[arg(long, conflicts_with = "file")]
        drop: bool,
    },
    /// Say that what the directory says of a service was looked at: right, put right, or not offered any more.
    #[command(after_help = "Example:
  throughline service verify svc_… confirmed --field hours --field contact")]
    Verify {
        /// The service.
        service: ServiceId,
        /// confirmed, corrected or closed.
        outcome: Outcome,
        /// What was checked; may be given several times.
        #[arg(long = "field")]
        fields: Vec<Checked>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Takes {
    /// Takes people.
    Open,
    /// Puts people on a waiting list.
    Waitlist,
    /// Takes nobody and has no waiting list.
    Full,
    /// Takes people after an assessment of its own.
    Assessment,
    /// Nobody can say.
    Unknown,
}

impl Takes {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waitlist => "waitlist",
            Self::Full => "full",
            Self::Assessment => "assessment",
            Self::Unknown => "unknown",
        }
    }
}

impl Service {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        block_on(at_hub(&home, self.what, output))?
    }
}

async fn at_hub(home: &Home, what: What, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let service = match what {
        What::Offer { service, name, description, reports_to_authorities, area, visibility } => {
            let body = json!({
                "organisation": session.organisation(), "service": service, "name": name, "description": description,
                "reports_to_authorities": reports_to_authorities, "area": area, "visibility": visibility,
            });
            session.hub.post("/api/v1/services", &body).await?.body
        }
        What::List { service } => {
            let only = service.map_or_else(String::new, |code| format!("&service={code}"));
            let rows = session.hub.all(&format!("/api/v1/services?members_only=true{only}")).await?;
            return output.data(&rows, |rows| rows.iter().map(told).collect::<Vec<_>>().join("\n"));
        }
        What::Calendar { file } => return calendar(&session, file, output).await,
        What::Availability { service, now, note, places, until } => {
            let path = format!("/api/v1/services/{service}");
            let seen = part(&session.hub.get(&path).await?.body, "version")?;
            let body =
                json!({ "availability": now.name(), "note": note, "places": places, "valid_until": until });
            session.hub.change(Method::PUT, &format!("{path}/availability"), Some(&body), seen).await?.body
        }
        What::Verify { service, outcome, fields } => {
            let path = format!("/api/v1/services/{service}");
            let seen = part(&session.hub.get(&path).await?.body, "version")?;
            let body = json!({ "method": "provider_update", "outcome": outcome, "fields": fields });
            session.hub.change(Method::POST, &format!("{path}/verifications"), Some(&body), seen).await?.body
        }
        What::Draft { service, file, submit, drop } => {
            return draft(&session, service, (file, submit, drop), output).await;
        }
    };
    output.data(&service, told)
}

/// The largest file with a draft.
const MOST_DRAFT: u64 = 256 * 1024;

async fn draft(
    session: &Session<'_>,
    service: ServiceId,
    (file, submit, drop): (Option<PathBuf>, bool, bool),
    output: &Output,
) -> Result<(), CliError> {
    let path = format!("/api/v1/services/{service}/draft");
    if drop {
        session.hub.delete(&path).await?;
        output.say("The draft was thrown away.");
        return Ok(());
    }
    let draft = match file {
        Some(file) => {
            let edit: Value =
                serde_json::from_str(&files::beginning(&file, MOST_DRAFT)?).map_err(|reason| {
                    let code = Code::new("directory.bad_draft", Fault::Refused);
                    CliError::new(code, format!("{} is no draft: {reason}; see --help", file.display()))
                })?;
            session.hub.put(&path, &json!({ "edit": edit, "submit": submit })).await?.body
        }
        None => session.hub.get(&path).await?.body,
    };
    output.data(&draft, |draft| {
        let reason = draft.get("reason").and_then(Value::as_str);
        let reason = reason.map(|reason| format!("\nRefused: {reason}")).unwrap_or_default();
        let edit = draft.get("edit").map(|edit| format!("{edit:#}")).unwrap_or_default();
        format!("{}: {}{reason}\n{edit}", text(draft, "service"), text(draft, "state"))
    })
}

async fn calendar(session: &Session<'_>, file: Option<PathBuf>, output: &Output) -> Result<(), CliError> {
    let path = format!("/api/v1/organisations/{}/calendar", session.organisation());
    let mut seen = session.hub.get(&path).await?.body;
    if let Some(file) = file {
        let body = serde_json::to_value(calendar_in(&file)?).unwrap_or_default();
        seen = session.hub.change(Method::PUT, &path, Some(&body), part(&seen, "version")?).await?.body;
    }
    let calendar: Calendar = part(&seen, "calendar")?;
    output.data(&seen, |_| calendar_told(&calendar))
}

fn told(service: &Value) -> String {
    format!(
        "{} {} {} ({}): {}{}{}",
        text(service, "id"),
        text(service, "service"),
        text(service, "name"),
        text(service, "provider"),
        text(service, "availability"),
        if text(service, "reports_to_authorities") == "yes" { ", tells the authorities" } else { "" },
        match text(service, "standing") {
            "proposed" => ", not listed yet: those who keep the directory decide",
            "" => "",
            _ => ", not listed",
        }
    )
}
