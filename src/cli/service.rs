//! `throughline service`

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    CliError, Output, block_on,
    home::{Home, HomeArgs},
    session::{Session, part, text},
};
use crate::{kernel::id::ServiceId, policy::ServiceCode};

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
    /// Say whether a service takes people now.
    #[command(after_help = "Example:
  throughline service availability svc_… waitlist")]
    Availability {
        /// The service.
        service: ServiceId,
        /// From now on.
        now: Takes,
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
}

impl Takes {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waitlist => "waitlist",
            Self::Full => "full",
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
        What::Availability { service, now } => {
            let path = format!("/api/v1/services/{service}");
            let seen = part(&session.hub.get(&path).await?.body, "version")?;
            let (path, body) = (format!("{path}/availability"), json!({ "availability": now.name() }));
            session.hub.change(Method::PUT, &path, Some(&body), seen).await?.body
        }
    };
    output.data(&service, told)
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
