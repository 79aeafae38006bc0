//! `throughline feedback`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    CliError, Output, block_on,
    home::{Home, HomeArgs},
    session::{Session, text},
};
use crate::{
    kernel::id::{OrganisationId, ReferralId},
    policy::ServiceCode,
};

/// What the person can say by themselves, and what others said: a slip with code and PIN for each referral, and numbers of quarters
/// that are over.
#[derive(Args)]
pub(super) struct Feedback {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Sender: get the code and the PIN for the person. They are shown this once; asking again makes new ones, and the old are not good
    /// any more.
    #[command(after_help = "Example:
  throughline feedback code ref_…")]
    Code {
        /// The referral.
        referral: ReferralId,
    },
    /// What people said about a service of this organisation in a quarter that is over.
    #[command(after_help = "Example:
  throughline feedback ratings --service SV07 --quarter 2026-Q1")]
    Ratings {
        /// The service.
        #[arg(long)]
        service: ServiceCode,
        /// The quarter.
        #[arg(long, value_name = "YEAR-Q")]
        quarter: String,
        /// Who gave it; this organisation without it.
        #[arg(long, value_name = "ORG")]
        provider: Option<OrganisationId>,
    },
}

impl Feedback {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match self.what {
            What::Code { referral } => block_on(code(&home, referral, output))?,
            What::Ratings { service, quarter, provider } => {
                block_on(ratings(&home, (&service, &quarter, provider), output))?
            }
        }
    }
}

async fn code(home: &Home, referral: ReferralId, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let path = format!("/api/v1/referrals/{referral}/person-code");
    let slip = session.hub.post(&path, &json!({})).await?.body;
    output.data(&slip, |slip| {
        format!(
            "Code {}\nPIN  {}\nFor the person, on paper or told; good until {}. Nobody can show them again.",
            text(slip, "code"),
            text(slip, "pin"),
            text(slip, "until")
        )
    })
}

async fn ratings(
    home: &Home,
    (service, quarter, provider): (&ServiceCode, &str, Option<OrganisationId>),
    output: &Output,
) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let provider = provider.unwrap_or_else(|| session.organisation());
    let quarter = quarter.trim();
    if !quarter.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(crate::feedback::FeedbackError::NotAQuarter.into());
    }
    let path = format!("/api/v1/ratings?provider={provider}&service={service}&quarter={quarter}");
    let found = session.hub.get(&path).await?.body;
    output.data(&found, |found| {
        if found.is_null() {
            return String::from("Too few people said something to show numbers.");
        }
        let count = found.get("ratings").and_then(Value::as_u64).unwrap_or_default();
        let mut lines = vec![format!("{count} ratings")];
        for (name, says) in QUESTIONS {
            let of =
                |part: &str| found.get(name).and_then(|share| share.get(part)?.as_u64()).unwrap_or_default();
            lines.push(format!("{says}: {} of {}", of("yes"), of("answered")));
        }
        if let Some(need) = found.get("need_met") {
            lines.push(format!("Need met, from 1 to 5: {need}"));
        }
        lines.join("\n")
    })
}

const QUESTIONS: [(&str, &str); 5] = [
    ("reached_service", "Got to the service"),
    ("time_acceptable", "Found the time acceptable"),
    ("respectful", "Felt respected"),
    ("information_clear", "Found the information clear"),
    ("asked_consent", "Were asked before their information was shared"),
];
