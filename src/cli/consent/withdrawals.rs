//! `throughline consent withdrawals` and `answer`: what the hub asks of whoever has data.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::Records;
use crate::{
    cli::{
        CliError, Output,
        home::Home,
        session::{Names, Session, part, text},
    },
    consent::Exception,
    kernel::{
        Code, Fault, Timestamp,
        id::{ConsentId, OrganisationId, ReferralId, SubjectToken, WithdrawalId},
    },
};

#[derive(Args)]
pub(super) struct ListArgs {
    /// Only those with answers missing.
    #[arg(long)]
    open: bool,
}

#[derive(Args)]
pub(super) struct AnswerArgs {
    /// The withdrawal, or the referral that ended.
    #[arg(value_name = "WITHDRAWAL|REFERRAL", value_parser = about)]
    about: About,
    /// What this organisation says.
    said: Said,
    /// With `kept`: the exception, WX1 to WX5.
    #[arg(long, value_parser = exception, required_if_eq("said", "kept"))]
    exception: Option<Exception>,
    /// With `kept`: until when, a day or a moment.
    #[arg(long, value_name = "DATE", value_parser = moment, required_if_eq("said", "kept"))]
    until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Said {
    /// It was heard, and the data is not used any more.
    Acknowledged,
    /// Everything the withdrawal names is destroyed.
    Destroyed,
    /// It is kept, apart and under restricted access.
    Kept,
}

/// What asks for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Withdrawal(WithdrawalId),
    Referral(ReferralId),
}

fn about(text: &str) -> Result<About, String> {
    let withdrawal = text.parse().map(About::Withdrawal);
    withdrawal
        .or_else(|_not_one| text.parse().map(About::Referral))
        .map_err(|_neither| String::from("expected a withdrawal (wdr_…) or a referral (ref_…)"))
}

fn exception(code: &str) -> Result<Exception, String> {
    Exception::of_code(code).ok_or_else(|| String::from("expected WX1, WX2, WX3, WX4 or WX5"))
}

/// A moment, or a day: its beginning.
pub(in crate::cli) fn moment(text: &str) -> Result<Timestamp, String> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    whole.parse().map_err(|_ignored| String::from("expected a day like 2027-01-31, or 2027-01-31T09:30:00Z"))
}

impl ListArgs {
    pub(super) async fn run(self, home: &Home, output: &Output) -> Result<(), CliError> {
        let passphrase = home.passphrase("Passphrase: ")?;
        let session = Session::open_with(home, &passphrase, output).await?;
        let rows = session.hub.all(&format!("/api/v1/withdrawals?open={}", self.open)).await?;
        let noted = note(&rows, &Records::open(home, &passphrase)?)?;
        for consent in &noted {
            output.say(format!(
                "{consent}: noted what was taken back elsewhere. Nothing more is sealed under it."
            ));
        }
        let names = session.names(rows.iter().flat_map(holders).filter_map(organisation)).await?;
        output.data(&rows, |rows| {
            if rows.is_empty() {
                return String::from("No withdrawals concern this organisation.");
            }
            let told = |row: &Value| sentence(row, session.organisation(), &names);
            rows.iter().map(told).collect::<Vec<_>>().join("\n")
        })
    }
}

impl AnswerArgs {
    pub(super) async fn run(self, home: &Home, output: &Output) -> Result<(), CliError> {
        let body = match (self.said, self.exception, self.until) {
            (Said::Acknowledged, None, None) => json!({ "said": "acknowledged" }),
            (Said::Destroyed, None, None) => json!({ "said": "destroyed" }),
            (Said::Kept, Some(exception), Some(until)) => {
                json!({ "said": "kept", "exception": exception, "until": until })
            }
            (Said::Acknowledged | Said::Destroyed | Said::Kept, _, _) => {
                return Err(CliError::new(
                    Code::new("consent.answer_unclear", Fault::Malformed),
                    "an exception and a day come with kept, and only with it",
                ));
            }
        };
        let session = Session::open(home, output).await?;
        match self.about {
            About::Withdrawal(id) => {
                let path = format!("/api/v1/withdrawals/{id}/answers");
                let view = session.hub.post(&path, &body).await?.body;
                let names = session.names(holders(&view).filter_map(organisation)).await?;
                output.data(&view, |view| sentence(view, session.organisation(), &names))
            }
            About::Referral(id) => {
                let path = format!("/api/v1/referrals/{id}/destruction");
                let view = session.hub.post(&path, &body).await?.body;
                output.data(&view, |view| format!("{}: {}", text(view, "referral"), done(view)))
            }
        }
    }
}

/// Notes withdrawals of consents that are kept here, which somebody else heard: what the hub refuses is then refused here already.
fn note(rows: &[Value], records: &Records) -> Result<Vec<ConsentId>, CliError> {
    let mut noted = Vec::new();
    for mut held in records.all()? {
        let subject = held.current()?.subject;
        let mut is_new = false;
        for row in
            rows.iter().filter(|row| part(row, "subject").is_ok_and(|named: SubjectToken| named == subject))
        {
            is_new |= held.heard(part(row, "id")?, part(row, "withdrawn")?, part(row, "extent")?)?;
        }
        if is_new {
            records.keep(&held)?;
            noted.push(held.id());
        }
    }
    Ok(noted)
}

fn holders(row: &Value) -> impl Iterator<Item = &Value> {
    row.get("holders").and_then(Value::as_array).into_iter().flatten()
}

fn organisation(holder: &Value) -> Option<OrganisationId> {
    part(holder, "organisation").ok()
}

/// How a holder's duty stands.
fn done(holder: &Value) -> String {
    match (text(holder, "answer"), text(holder, "acknowledged")) {
        ("", "") => format!("answer until {}", text(holder, "answer_by")),
        ("", _) => format!("heard it; answer until {}", text(holder, "answer_by")),
        ("kept", _) => format!("kept until {} ({})", text(holder, "kept_until"), text(holder, "exception")),
        (answer, _) => answer.to_owned(),
    }
}

/// A withdrawal in a few lines: when, how it stands, and who must still do what until when.
fn sentence(row: &Value, own: OrganisationId, names: &Names) -> String {
    let stands = match (text(row, "closed"), row.get("breached").and_then(Value::as_bool)) {
        ("", Some(true)) => String::from("open, and overdue altogether"),
        ("", _) => String::from("open"),
        (closed, _) => format!("closed {closed}"),
    };
    let mut lines = vec![format!("{} of {}: {stands}", text(row, "id"), text(row, "withdrawn"))];
    for holder in holders(row) {
        let who = organisation(holder);
        let name = who.map_or_else(String::new, |id| names.of(id));
        let done = done(holder);
        let yours = if who == Some(own) && text(holder, "answer").is_empty() { "  <- yours" } else { "" };
        lines.push(format!("  {name}: {done}{yours}"));
    }
    lines.join("\n")
}
