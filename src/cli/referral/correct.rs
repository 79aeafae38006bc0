//! What persons asked to have put right, and what this organisation answers.

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::{
    cli::{
        CliError, Output,
        home::Home,
        session::{Session, text},
    },
    kernel::id::CorrectionId,
    referrals::CorrectionAnswer,
};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Said {
    /// It is put right, and whoever it was passed on to was told.
    PutRight,
    /// The person could not be reached to hear what is right.
    NotReached,
    /// It is not wrong, as far as this organisation can tell.
    Disputed,
}

impl From<Said> for CorrectionAnswer {
    fn from(said: Said) -> Self {
        match said {
            Said::PutRight => Self::PutRight,
            Said::NotReached => Self::NotReached,
            Said::Disputed => Self::Disputed,
        }
    }
}

/// Lists what this organisation must answer, or has.
pub(super) async fn list(home: &Home, open: bool, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let rows = session.hub.all(&format!("/api/v1/corrections?open={open}")).await?;
    output.data(&rows, |rows| {
        if rows.is_empty() {
            return String::from("Nobody asked that something be put right.");
        }
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// Answers for this organisation.
pub(super) async fn answer(
    home: &Home,
    correction: CorrectionId,
    said: Said,
    output: &Output,
) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    let body = json!({ "answer": CorrectionAnswer::from(said) });
    let path = format!("/api/v1/corrections/{correction}/answer");
    let view = session.hub.post(&path, &body).await?.body;
    output.data(&view, line)
}

/// How one stands, in a sentence.
pub(super) fn line(row: &Value) -> String {
    let kinds = row.get("kinds").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    let stands = match text(row, "answer") {
        "" if row.get("overdue") == Some(&Value::Bool(true)) => {
            format!("OVERDUE since {}", text(row, "answer_by"))
        }
        "" => format!("answer until {}", text(row, "answer_by")),
        answer => format!("{answer} at {}", text(row, "answered")),
    };
    format!(
        "{}: {kinds}, of {}, asked {}; {stands}",
        text(row, "id"),
        text(row, "referral"),
        text(row, "asked")
    )
}
