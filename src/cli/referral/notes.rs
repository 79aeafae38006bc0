//! What this organisation and the person of a referral leave for each other.

use chrono::NaiveDate;
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::{
    cli::{
        CliError, Output,
        home::Home,
        session::{Session, text},
    },
    kernel::id::ReferralId,
    referrals::{OrganisationNote, PersonNote},
};

/// What the person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// They should call.
    PleaseCall,
    /// They should come, on a day with --day.
    PleaseCome,
    /// They should not come for now.
    DoNotCome,
    /// They should bring the documents that they were asked for.
    BringPapers,
    /// They could not be reached.
    NotReached,
    /// It takes longer.
    StillLooking,
    /// All is well, and they need do nothing.
    NothingToDo,
    /// This organisation has another telephone number.
    NumberChanged,
}

impl From<Kind> for OrganisationNote {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::PleaseCall => Self::PleaseCall,
            Kind::PleaseCome => Self::PleaseCome,
            Kind::DoNotCome => Self::DoNotCome,
            Kind::BringPapers => Self::BringPapers,
            Kind::NotReached => Self::NotReached,
            Kind::StillLooking => Self::StillLooking,
            Kind::NothingToDo => Self::NothingToDo,
            Kind::NumberChanged => Self::NumberChanged,
        }
    }
}

/// Shows what was left, and says when asked that what the person left was read.
pub(super) async fn list(
    home: &Home,
    referral: ReferralId,
    read: bool,
    output: &Output,
) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let path = format!("/api/v1/referrals/{referral}/notes");
    let found = session.hub.get(&path).await?.body;
    // They stand there the newest first.
    if let Some(newest) = from_person(&found).next().filter(|_newest| read) {
        session.hub.post(&format!("{path}/read"), &json!({ "until": text(newest, "left") })).await?;
    }
    output.data(&found, |found| {
        let for_person = found.get("for_person").and_then(Value::as_array).into_iter().flatten();
        let theirs = from_person(found).map(|note| line("From the person", note));
        let lines: Vec<String> = theirs.chain(for_person.map(|note| line("For the person", note))).collect();
        if lines.is_empty() { String::from("Nothing was left.") } else { lines.join("\n") }
    })
}

/// Leaves something for the person.
pub(super) async fn leave(
    home: &Home,
    referral: ReferralId,
    (kind, day): (Kind, Option<NaiveDate>),
    output: &Output,
) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let body = json!({ "kind": OrganisationNote::from(kind), "day": day });
    session.hub.post(&format!("/api/v1/referrals/{referral}/notes"), &body).await?;
    output.data(&json!({ "referral": referral }), |_left| String::from("Left for the person."))
}

/// That the person's number must not be called, if they said so.
pub(super) fn warning(mailbox: &Value) -> Option<String> {
    let warns = |note: &&Value| text(note, "kind") == PersonNote::DoNotCall.name();
    let said = from_person(mailbox).find(warns)?;
    Some(format!("DO NOT CALL the person: their number is not safe, they said at {}", text(said, "left")))
}

fn from_person(mailbox: &Value) -> impl Iterator<Item = &Value> {
    mailbox.get("from_person").and_then(Value::as_array).into_iter().flatten()
}

fn line(whose: &str, note: &Value) -> String {
    let day = match text(note, "day") {
        "" => String::new(),
        day => format!(" on {day}"),
    };
    let read = match text(note, "read") {
        "" => String::from("NOT READ"),
        read => format!("read {read}"),
    };
    format!("{whose}: {}{day}, left {}; {read}", text(note, "kind"), text(note, "left"))
}
