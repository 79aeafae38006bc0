//! What a coordinator does to any referral, signed in at the hub as a person: whoever acts is named in the log, and the machine of the
//! node is no coordinator.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{act::check_reason, show};
use crate::{
    cli::{
        CliError, Output,
        client::PersonClient,
        home::{Connection, Home},
        policy,
        session::{part, text},
    },
    kernel::id::ReferralId,
    policy::{Policy, ReasonCode},
    referrals::Move,
};

/// Where, and who.
#[derive(Args)]
pub(super) struct Seat {
    /// Address of the hub.
    #[arg(long, value_name = "URL")]
    hub: String,
    /// The name you sign in with. The passphrase is asked for, or is the first line of --passphrase-file.
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// Certificates in PEM that the hub's must hang on, instead of those this machine trusts.
    #[arg(long, value_name = "FILE")]
    hub_ca: Option<PathBuf>,
    /// Certificate chain and key in PEM, in one file, for a hub that asks who connects.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(super) enum Oversee {
    /// List everything that is overdue at this hub, with nothing about the persons.
    #[command(after_help = "Example:
  throughline referral oversee list --hub https://hub.example --as m.tembo")]
    List {
        #[command(flatten)]
        seat: Seat,
    },
    /// List what the hub tells whoever oversees it, oldest first: incidents, what ran over its time, withdrawals that nobody answers.
    #[command(after_help = "Example:
  throughline referral oversee notices --hub https://hub.example --as m.tembo")]
    Notices {
        #[command(flatten)]
        seat: Seat,
    },
    /// Show where a referral stands, with nothing about the person.
    #[command(after_help = "Example:
  throughline referral oversee show ref_… --hub https://hub.example --as m.tembo")]
    Show {
        /// The referral.
        referral: ReferralId,
        #[command(flatten)]
        seat: Seat,
    },
    /// Somebody further up must look: both sides are told.
    #[command(after_help = "Example:
  throughline referral oversee escalate ref_… --hub https://hub.example --as m.tembo")]
    Escalate {
        /// The referral.
        referral: ReferralId,
        #[command(flatten)]
        seat: Seat,
    },
    /// It should never have been sent. Carried out once data protection of one side says so too, with the same reason.
    #[command(after_help = "Example:
  throughline referral oversee declare-error ref_… --reason ER01 --hub https://hub.example --as m.tembo
and at the gateway of one side, for its data protection:
  throughline referral declare-error ref_… --reason ER01 --data-protection")]
    DeclareError {
        /// The referral.
        referral: ReferralId,
        /// The reason, as a code; a wrong one is answered with those that fit.
        #[arg(long, value_name = "CODE")]
        reason: ReasonCode,
        #[command(flatten)]
        seat: Seat,
    },
}

/// What is asked of the hub once somebody is signed in.
enum Wish {
    Overdue,
    Notices,
    See(ReferralId),
    Do(ReferralId, Value),
}

impl Oversee {
    fn parted(self, policy: &Policy) -> Result<(Seat, Wish), CliError> {
        Ok(match self {
            Self::List { seat } => (seat, Wish::Overdue),
            Self::Notices { seat } => (seat, Wish::Notices),
            Self::Show { referral, seat } => (seat, Wish::See(referral)),
            Self::Escalate { referral, seat } => (seat, Wish::Do(referral, json!({ "escalate": {} }))),
            Self::DeclareError { referral, reason, seat } => {
                check_reason(&Move::DeclareError { reason: reason.clone() }, policy)?;
                (seat, Wish::Do(referral, json!({ "declare_error": { "reason": reason } })))
            }
        })
    }
}

#[cfg(test)]
impl Oversee {
    /// The move it asks for, if it asks for one.
    pub(super) fn asks_for(self, policy: &Policy) -> Result<Option<Move>, CliError> {
        Ok(match self.parted(policy)?.1 {
            Wish::Overdue | Wish::Notices | Wish::See(_) => None,
            Wish::Do(_, body) => Some(serde_json::from_value(body).unwrap()),
        })
    }
}

/// Signs in, does it, and signs out whatever came of it.
pub(super) async fn oversee(home: &Home, asked: Oversee, output: &Output) -> Result<(), CliError> {
    let (Seat { hub, name, hub_ca, identity }, wish) = asked.parted(&policy::of(home)?)?;
    let hub = hub.trim_end_matches('/').to_owned();
    let connection = Connection { hub: Some(hub), hub_ca, identity, ..Connection::default() };
    let passphrase = home.passphrase("Passphrase: ")?;
    let person = PersonClient::sign_in(&connection, &name, &passphrase).await?;
    let tell = if matches!(wish, Wish::Notices) { notices } else { told };
    let done = carry_out(&person, wish).await;
    let left = person.sign_out().await;
    output.data(&done?, tell)?;
    left
}

async fn carry_out(person: &PersonClient, wish: Wish) -> Result<Value, CliError> {
    let path = |referral| format!("/api/v1/referrals/{referral}");
    match wish {
        Wish::Overdue => person.all("/api/v1/referrals?tray=overdue").await.map(Value::from),
        Wish::Notices => person.all("/api/v1/notices").await.map(Value::from),
        Wish::See(referral) => person.get(&path(referral)).await,
        Wish::Do(referral, body) => {
            let seen = person.get(&path(referral)).await?;
            let path = format!("{}/oversight", path(referral));
            person.change(&path, &body, part(&seen, "version")?).await
        }
    }
}

fn told(answer: &Value) -> String {
    match answer.as_array() {
        Some(rows) if rows.is_empty() => String::from("Nothing is overdue."),
        Some(rows) => rows.iter().map(line).collect::<Vec<_>>().join("\n"),
        None => line(answer),
    }
}

fn line(row: &Value) -> String {
    let (service, urgency) = (text(row, "service"), text(row, "urgency"));
    let sides = format!("{} to {}", text(row, "sender"), text(row, "recipient"));
    format!("{}\n  {sides}, {service}, {urgency}, since {}", show::stands(row), text(row, "submitted_at"))
}

fn notices(rows: &Value) -> String {
    match rows.as_array() {
        Some(rows) if !rows.is_empty() => rows.iter().map(notice).collect::<Vec<_>>().join("\n"),
        _ => String::from("Nothing was told."),
    }
}

/// A notice: when, what, and the ids and codes that came with it.
fn notice(row: &Value) -> String {
    let facts = row.get("payload").and_then(Value::as_object).into_iter().flatten();
    let facts = facts.filter(|(_, value)| !value.is_null()).map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name} {text}"),
        None => format!("{name} {value}"),
    });
    format!("{}  {}\n  {}", text(row, "at"), text(row, "topic"), facts.collect::<Vec<_>>().join(", "))
}
