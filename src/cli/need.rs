//! `throughline need`: a need that did not become a referral, in codes and without anything about the person.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{
    CliError, Output, block_on,
    home::{Home, HomeArgs},
    policy,
    session::{Session, text},
};
use crate::{
    kernel::{Code, Fault},
    policy::{Policy, PopulationCode, ReasonCode, ReasonSet, ServiceCode, UrgencyCode},
    referrals::{Area, NotAnArea},
};

/// Needs that did not become a referral, so that a gap shows even where nobody could be asked. Codes only: there is no place for
/// anything about the person.
#[derive(Args)]
#[command(after_help = "Nobody could be referred to, or the person goes alone:
  throughline need record --service SV12 --urgency U2 --area ZM-09 --reason NP01
  throughline need record --service SV12 --urgency U2 --information-only self-referral
A referral that ends with the need unmet:
  throughline need record --service SV07 --urgency U2 --reason NP06
  throughline referral close ref_… --reason CL10 --need ned_…")]
pub(super) struct Need {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Record a need: which service, how fast, where, and why there is no referral. Each run records one.
    #[command(after_help = "Examples:
  throughline need record --service SV12 --urgency U2 --area ZM-09 --population PG04 --reason NP01   nobody could be referred to
  throughline need record --service SV12 --urgency U2 --information-only refused-sharing the person has the address
A reason that does not fit is answered with the list of those that do. When the hub could not be reached, see with
`throughline need list` whether the need is there before you record it again.")]
    Record(RecordArgs),
    /// List the needs this organisation recorded, oldest first; also those the hub noted after several redirects.
    #[command(after_help = "Example:
  throughline need list --json")]
    List,
}

#[derive(Args)]
struct RecordArgs {
    /// The service that is needed, such as SV12.
    #[arg(long)]
    service: ServiceCode,
    /// How fast, such as U2.
    #[arg(long)]
    urgency: UrgencyCode,
    /// Where, coarsely: a country like ZM or a part of it like ZM-09.
    #[arg(long, value_parser = area)]
    area: Option<Area>,
    /// The group the person belongs to, such as PG04. What says of trafficking, harm or health is refused.
    #[arg(long)]
    population: Option<PopulationCode>,
    #[command(flatten)]
    why: Why,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Why {
    /// Nobody could be referred to: why, NP01 to NP06.
    #[arg(long, value_name = "CODE")]
    reason: Option<ReasonCode>,
    /// The person got an address and goes alone; no data moves. Why so.
    #[arg(long, value_name = "WHY")]
    information_only: Option<WhyAlone>,
}

/// Why the person goes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhyAlone {
    /// They do not want anything about them passed on.
    RefusedSharing,
    /// They prefer to go by themselves.
    SelfReferral,
    /// There is no agreement with the provider.
    NoAgreement,
    /// There is no provider in the mechanism.
    NoProvider,
}

impl WhyAlone {
    const fn name(self) -> &'static str {
        match self {
            Self::RefusedSharing => "refused_sharing",
            Self::SelfReferral => "self_referral",
            Self::NoAgreement => "no_agreement",
            Self::NoProvider => "no_provider",
        }
    }
}

fn area(text: &str) -> Result<Area, String> {
    text.parse().map_err(|error: NotAnArea| error.to_string())
}

impl Need {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match self.what {
            What::Record(args) => block_on(args.run(&home, output))?,
            What::List => block_on(list(&home, output))?,
        }
    }
}

impl RecordArgs {
    async fn run(self, home: &Home, output: &Output) -> Result<(), CliError> {
        let body = self.into_body(&policy::of(home)?)?;
        let session = Session::open(home, output).await?;
        let need = session.hub.post("/api/v1/needs", &body).await?.body;
        output.data(&need, |need| {
            format!(
                "Recorded {}\nA referral that ends unmet names it: throughline referral close ref_... --reason CL10 --need {}",
                told(need),
                text(need, "id")
            )
        })
    }

    fn into_body(self, policy: &Policy) -> Result<Value, CliError> {
        let Self { service, urgency, area, population, why } = self;
        let (kind, reason) = match (why.reason, why.information_only) {
            (Some(code), _) => ("unreferred", unreferred(&code, policy)?.to_string()),
            (None, Some(alone)) => ("information_only", alone.name().to_owned()),
            (None, None) => {
                return Err(unclear("say why there is no referral: --reason or --information-only"));
            }
        };
        let mut body = json!({ "kind": kind, "service": service, "urgency": urgency, "reason": reason });
        if let (Some(members), Some(area)) = (body.as_object_mut(), area) {
            members.insert(String::from("area"), json!(area));
        }
        if let (Some(members), Some(population)) = (body.as_object_mut(), population) {
            members.insert(String::from("population"), json!(population));
        }
        Ok(body)
    }
}

/// A reason of another list is refused with the list that fits.
fn unreferred<'c>(code: &'c ReasonCode, policy: &Policy) -> Result<&'c ReasonCode, CliError> {
    if policy.reason(ReasonSet::Np, code).is_some() {
        return Ok(code);
    }
    let list = policy.reasons(ReasonSet::Np).map(|known| format!("\n  {} {}", known.code, known.label));
    Err(unclear(&format!(
        "{code} does not say why there is no referral; these do:{}",
        list.collect::<String>()
    )))
}

async fn list(home: &Home, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let rows = session.hub.all("/api/v1/needs").await?;
    output.data(&rows, |rows| {
        if rows.is_empty() {
            return String::from("No needs are recorded.");
        }
        rows.iter().map(told).collect::<Vec<_>>().join("\n")
    })
}

/// A need in a line: when, what, how fast, where, why.
fn told(need: &Value) -> String {
    let (service, reason) = (text(need, "service"), text(need, "reason"));
    let label = policy::service(service);
    let known = match policy::no_referral(reason) {
        "" => String::new(),
        label => format!(" {label}"),
    };
    let area = match text(need, "area") {
        "" => String::new(),
        area => format!(" in {area}"),
    };
    format!(
        "{} of {}: {service} {label}, {}{area}, {}: {reason}{known}",
        text(need, "id"),
        text(need, "recorded_at"),
        text(need, "urgency"),
        text(need, "kind").replace('_', " ")
    )
}

fn unclear(sentence: &str) -> CliError {
    CliError::new(Code::new("need.unclear", Fault::Malformed), sentence)
}
