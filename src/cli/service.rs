//! `throughline service`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    CliError, Output, block_on,
    home::{Home, HomeArgs},
    member::{calendar_in, calendar_told},
    session::{Session, part, text},
};
use crate::{
    directory::{Checked, Outcome},
    kernel::{Timestamp, id::ServiceId},
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
    /// Enter a service that this organisation offers.
    #[command(after_help = "Example:
  throughline service offer --service SV07 --name \"Clinic of the Lake\" --description \"Primary health care, no fee\"")]
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
        What::Offer { service, name, description } => {
            let body = json!({
                "organisation": session.organisation(), "service": service, "name": name, "description": description,
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
    };
    output.data(&service, told)
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
        "{} {} {} ({}): {}",
        text(service, "id"),
        text(service, "service"),
        text(service, "name"),
        text(service, "provider"),
        text(service, "availability")
    )
}
